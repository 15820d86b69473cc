//! Executes a single call of a step on the device.

use half::f16;
use shoal::engine::buffer::Buffer;
use shoal::engine::cpu::aligned::Aligned;
use shoal::engine::gpu::Dispatch;
use shoal::engine::gpu::Gpu;
use shoal::engine::gpu::Store;
use shoal::engine::layout::DeviceCall;
use shoal::engine::layout::DeviceNode;
use shoal::engine::layout::DeviceRun;
use shoal::engine::layout::DeviceTile;
use shoal::engine::layout::State;
use shoal::engine::memory::Memory;
use shoal::engine::precision::Precision;
use shoal::engine::precision::bytes;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::prepared::{Bases, TableBases};
use shoal::engine::step::Call;
use shoal::engine::tile::TileSet;

/// Where the run lies on the device: not at the start of anything.
const BASES: Bases = Bases {
    nodes: 3,
    rows: 7,
    parameters: 192,
    gradients: 448,
    work: 320,
    table: TableBases {
        x: 9,
        y: 0,
        items: 0,
        offsets: 0,
        lists: 0,
        incoming_offsets: 0,
        incoming: 0,
    },
    resident: 0,
};
const SLOT: usize = 2;

/// The call on the device, in a fresh store, and everything read back.
pub fn execute(gpu: &Gpu, run: &PreparedRun, memory: &Memory<f32>, call: Call) -> Memory<f32> {
    let (precision, width) = (run.precision(), run.precision().bytes());
    let mut store = Store::new(gpu, precision);
    let moments: Vec<f32> = memory
        .first_moment
        .chunks(4)
        .zip(memory.second_moment.chunks(4))
        .flat_map(|(m, v)| [m, v].concat())
        .collect();
    // whole words, the first of which starts at an odd number in f32
    let mut data = vec![0xff; width * BASES.table.x.next_multiple_of(4 / width)];
    let starts = run.tables.bytes(run.table, precision).map(|part| {
        let start = data.len();
        data.extend(part);
        start
    });
    let [x, y, items] = [0, 1, 2].map(|part| starts[part] / width);
    let [offsets, lists, incoming_offsets, incoming] = [3, 4, 5, 6].map(|part| starts[part] / 4);
    let table = TableBases { x, y, items, offsets, lists, incoming_offsets, incoming };
    let bases = Bases { table, ..BASES };
    // constants are f32 in f16 too
    let constants = run.constant_bytes();
    let work = match precision {
        Precision::F32 => bytes(precision, &memory.work),
        Precision::F16 => {
            let packed = bytes(precision, &memory.work[run.layout.x..run.layout.squares]);
            let exact = run.layout.exact_arrays().into_iter();
            let exact: Vec<f32> = exact
                .flat_map(|array| &memory.work[array.start..][..array.len() / 2])
                .copied()
                .collect();
            [&constants[..], &packed[..], bytemuck::cast_slice(&exact)].concat()
        }
    };
    // in f16 the copy of the weights follows the gradients
    let mut gradients = bytes(precision, &memory.gradients);
    if precision == Precision::F16 {
        let before = run.weights_at(&bases) - run.gradients_at(&bases);
        gradients.resize(width * before, 0);
    }
    gradients.extend(bytes(precision, &memory.weights));
    let rows: Vec<u32> = run.row_words().collect();
    // gradients are stored for the kernels that are to read them, whatever the set would choose
    let set = TileSet { fused_update: call.kernel.name == "fused_update", ..*gpu.tiles() };
    let bases = Bases {
        gradients: if set.fused_update { bases.parameters } else { bases.gradients },
        ..bases
    };
    let mut tiles: Vec<DeviceTile> = Vec::new();
    for id in call.nodes(&run.graph, &run.training) {
        let (slot, node) = (SLOT as u32, (bases.nodes + id) as u32);
        let grid = call.tiles(run, id, &set);
        tiles.extend(grid.tiles().map(|(i, j)| DeviceTile { run: slot, node, i, j }));
    }
    let mut put = |buffer: Buffer, offset: usize, bytes: &[u8]| {
        assert!(store.reserve(buffer, (offset + bytes.len()) as u64).unwrap());
        store.write(buffer, offset, bytes);
    };
    put(Buffer::Runs, SLOT * size_of::<DeviceRun>(), bytemuck::bytes_of(&run.device_run(&bases)));
    put(Buffer::States, SLOT * size_of::<State<f32>>(), bytemuck::bytes_of(&memory.state));
    let layers = run.device_nodes(&bases);
    put(Buffer::Nodes, bases.nodes * size_of::<DeviceNode>(), bytemuck::cast_slice(&layers));
    put(Buffer::Rows, 4 * bases.rows, bytemuck::cast_slice(&rows));
    put(Buffer::Data, 0, &data);
    put(Buffer::Parameters, 4 * bases.parameters, bytemuck::cast_slice(&memory.parameters));
    put(Buffer::Gradients, 4 * bases.gradients, &gradients);
    put(Buffer::Parameters, 4 * run.best_at(&bases), bytemuck::cast_slice(&memory.best));
    if !memory.average.is_empty() {
        let average = bytemuck::cast_slice(&memory.average);
        put(Buffer::Parameters, 4 * run.average_at(&bases), average);
    }
    put(Buffer::Parameters, 4 * run.moments_at(&bases), bytemuck::cast_slice(&moments));
    put(Buffer::Work, width * bases.work, &work);
    put(Buffer::Tiles, 0, bytemuck::cast_slice(&tiles));
    let device_call = DeviceCall { first: 0, count: tiles.len() as u32, steps: 1 };
    store.set_step(vec![Dispatch {
        kernel: call.kernel,
        tile: call.kernel.product_tile(gpu.tiles()),
        call: device_call,
        tiles_per_group: (call.kernel.tiles_per_group)(gpu.tiles()),
    }]);
    let states = store.states(&store.submit(1).unwrap()).unwrap();

    let read = |buffer: Buffer, start: usize, count: usize| -> Vec<f32> {
        let range = 4 * start as u64..4 * (start + count) as u64;
        bytemuck::pod_collect_to_vec(&store.read(buffer, &[range]).unwrap())
    };
    let count = memory.parameters.len();
    let moments = read(Buffer::Parameters, run.moments_at(&bases), 2 * count);
    let every_other = |first: usize| -> Vec<f32> {
        moments.chunks(4).skip(first).step_by(2).flatten().copied().collect()
    };
    let read_packed = |buffer: Buffer, start: usize, count: usize| -> Vec<f32> {
        let range = (width * start) as u64..(width * (start + count)) as u64;
        let bytes = store.read(buffer, &[range]).unwrap();
        match precision {
            Precision::F32 => bytemuck::pod_collect_to_vec(&bytes),
            Precision::F16 => {
                let numbers: Vec<f16> = bytemuck::pod_collect_to_vec(&bytes);
                numbers.iter().map(|number| number.to_f32()).collect()
            }
        }
    };
    let mut work = read_packed(Buffer::Work, bases.work, memory.work.len());
    if precision == Precision::F16 {
        let exact = |from: usize, to: usize| {
            let range = (2 * (bases.work + from)) as u64..(2 * (bases.work + to)) as u64;
            store.read(Buffer::Work, &[range]).unwrap()
        };
        let x = run.layout.x;
        assert_eq!(exact(0, x), constants);
        work[..x].copy_from_slice(&memory.work[..x]);
        for array in run.layout.exact_arrays() {
            let numbers: Vec<f32> = bytemuck::pod_collect_to_vec(&exact(array.start, array.end));
            work[array.clone()].fill(0.0);
            work[array.start..][..numbers.len()].copy_from_slice(&numbers);
        }
    }
    Memory {
        state: states[SLOT],
        parameters: read(Buffer::Parameters, bases.parameters, count).into(),
        gradients: read_packed(Buffer::Gradients, run.gradients_at(&bases), count).into(),
        weights: read_packed(Buffer::Gradients, run.weights_at(&bases), memory.weights.len())
            .into(),
        first_moment: every_other(0).into(),
        second_moment: every_other(1).into(),
        best: read(Buffer::Parameters, run.best_at(&bases), count).into(),
        average: read(Buffer::Parameters, run.average_at(&bases), memory.average.len()).into(),
        work: work.into(),
        scratch: memory.scratch.clone(),
        keeps_preactivations: true,
        features: Aligned::default(),
    }
}
