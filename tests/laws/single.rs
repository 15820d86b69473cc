//! One call of a step on the device, by itself.

use shoal::device::gpu::{Dispatch, Gpu, Store};
use shoal::kernels::layout::{DeviceCall, DeviceLayer, DeviceRun, DeviceTile, State};
use shoal::kernels::memory::Bases;
use shoal::kernels::{Buffer, Call, Memory, Prepared};

/// Where the run lies on the device: not at the start of anything.
const BASES: Bases = Bases {
    layers: 3,
    rows: 7,
    parameters: 192,
    work: 320,
    table_x: 9,
    table_y: 0,
};
const SLOT: usize = 2;

/// The call on the device, in a fresh store, and everything read back.
pub fn play(gpu: &Gpu, run: &Prepared, memory: &Memory<f32>, call: Call) -> Memory<f32> {
    let mut store = Store::new(gpu);
    let moments: Vec<f32> = memory
        .first_moment
        .chunks(4)
        .zip(memory.second_moment.chunks(4))
        .flat_map(|(m, v)| [m, v].concat())
        .collect();
    let table = run.table();
    let data = [
        vec![f32::NAN; BASES.table_x],
        table.x.clone(),
        table.y.clone(),
    ]
    .concat();
    let bases = Bases {
        table_y: BASES.table_x + table.x.len(),
        ..BASES
    };
    let rows = [run.training_rows.as_slice(), &run.validation_rows].concat();
    let layer = (bases.layers + call.layer(run)) as u32;
    let tiles: Vec<DeviceTile> = call
        .tiles(run, gpu.tiles())
        .tiles()
        .map(|(i, j)| DeviceTile {
            run: SLOT as u32,
            layer,
            i,
            j,
        })
        .collect();
    let mut put = |buffer: Buffer, offset: usize, bytes: &[u8]| {
        assert!(
            store
                .reserve(buffer, (offset + bytes.len()) as u64)
                .unwrap()
        );
        store.write(buffer, offset, bytes);
    };
    put(
        Buffer::Runs,
        SLOT * size_of::<DeviceRun>(),
        bytemuck::bytes_of(&run.device_run(&bases)),
    );
    put(
        Buffer::States,
        SLOT * size_of::<State<f32>>(),
        bytemuck::bytes_of(&memory.state),
    );
    let layers = run.device_layers(&bases);
    put(
        Buffer::Layers,
        bases.layers * size_of::<DeviceLayer>(),
        bytemuck::cast_slice(&layers),
    );
    put(Buffer::Rows, 4 * bases.rows, bytemuck::cast_slice(&rows));
    put(Buffer::Data, 0, bytemuck::cast_slice(&data));
    put(
        Buffer::Parameters,
        4 * bases.parameters,
        bytemuck::cast_slice(&memory.parameters),
    );
    put(
        Buffer::Gradients,
        4 * bases.parameters,
        bytemuck::cast_slice(&memory.gradients),
    );
    put(
        Buffer::Best,
        4 * bases.parameters,
        bytemuck::cast_slice(&memory.best),
    );
    put(
        Buffer::Moments,
        8 * bases.parameters,
        bytemuck::cast_slice(&moments),
    );
    put(
        Buffer::Work,
        4 * bases.work,
        bytemuck::cast_slice(&memory.work),
    );
    put(Buffer::Tiles, 0, bytemuck::cast_slice(&tiles));
    let tiles_per_group = if call == Call::Clock {
        gpu.tiles().clock_threads
    } else {
        1
    };
    let device_call = DeviceCall {
        first: 0,
        count: tiles.len() as u32,
    };
    store.set_step(vec![Dispatch {
        kernel: call.kernel(),
        call: device_call,
        tiles_per_group,
    }]);
    let states = store.states(&store.play(1).unwrap()).unwrap();

    let read = |buffer: Buffer, start: usize, count: usize| -> Vec<f32> {
        let range = 4 * start as u64..4 * (start + count) as u64;
        bytemuck::pod_collect_to_vec(&store.read(buffer, &[range]).unwrap())
    };
    let count = memory.parameters.len();
    let moments = read(Buffer::Moments, 2 * bases.parameters, 2 * count);
    let every_other = |first: usize| -> Vec<f32> {
        moments
            .chunks(4)
            .skip(first)
            .step_by(2)
            .flatten()
            .copied()
            .collect()
    };
    Memory {
        state: states[SLOT],
        parameters: read(Buffer::Parameters, bases.parameters, count),
        gradients: read(Buffer::Gradients, bases.parameters, count),
        first_moment: every_other(0),
        second_moment: every_other(1),
        best: read(Buffer::Best, bases.parameters, count),
        work: read(Buffer::Work, bases.work, memory.work.len()),
        scratch: memory.scratch.clone(),
    }
}
