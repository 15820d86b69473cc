//! The dispatches of a step of the packed runs, and the tiles that they serve.

use std::cmp::Reverse;

use crate::engine::gpu::packing::packed::Packed;
use crate::engine::gpu::packing::shoal::Shoal;
use crate::engine::gpu::store::Dispatch;
use crate::engine::graph::NodeId;
use crate::engine::kernel::Update;
use crate::engine::layout::{DeviceCall, DeviceTile};
use crate::engine::step::{Call, Fusion, calls, dispatched};
use crate::engine::tile::TileSet;

impl Shoal<'_> {
    /// The calls of each dispatch of a step of the packed runs.
    pub(crate) fn calls(&self) -> Vec<Vec<Call>> {
        let graphs: Vec<_> = self.packed().map(|(_, packed)| &packed.run.graph).collect();
        dispatched(&calls(graphs.into_iter()))
    }

    /// The tiles of a step, in the order of its calls, and the dispatches that serve them.
    pub(crate) fn tile_table(&self) -> (Vec<DeviceTile>, Vec<Dispatch>) {
        let (mut tiles, mut dispatches) = (Vec::new(), Vec::new());
        for together in self.calls() {
            let first = tiles.len() as u32;
            let call = together[0];
            let mut served = Vec::new();
            for (slot, packed) in self.packed() {
                let run = &packed.run;
                let fusion = Fusion::of(self.gpu.tiles(), &run.graph, &run.training);
                let nodes = |call: &Call| call.nodes_of(&run.graph, &run.training, fusion);
                let nodes = together.iter().flat_map(nodes);
                served.extend(nodes.map(|node| (slot, packed, node)));
            }
            // workgroups are scheduled one by one, so the last ones are short
            served.sort_by_cached_key(|(_, packed, node)| {
                Reverse((call.kernel.terms)(&packed.run, *node))
            });
            let set = self.choose(call, &served);
            let is_called = !served.is_empty();
            for (slot, packed, node) in served {
                let (run, node_at) = (slot as u32, (packed.bases.nodes + node) as u32);
                let grid = call.tiles(&packed.run, node, &set);
                tiles.extend(grid.tiles().map(|(i, j)| DeviceTile { run, node: node_at, i, j }));
            }
            let (mut first, mut count) = (first, tiles.len() as u32 - first);
            if call.kernel.update == Update::Resident && is_called {
                // a workgroup for each slot: it serves the runs that say so
                (first, count) = (0, self.slots.len() as u32);
            }
            dispatches.push(Dispatch {
                kernel: call.kernel,
                tile: call.kernel.product_tile(&set),
                call: DeviceCall { first, count, steps: 1 },
                tiles_per_group: (call.kernel.tiles_per_group)(&set),
            });
        }
        (tiles, dispatches)
    }

    /// The tile set of a call that serves these nodes: with large products if there are enough of
    /// them to fill the device.
    fn choose(&self, call: Call, served: &[(usize, &Packed, NodeId)]) -> TileSet {
        let set = *self.gpu.tiles();
        if call.kernel.product.is_none() || set.choices().len() < 2 {
            return set;
        }
        let large = set.large();
        let groups = |(_, packed, node): &(usize, &Packed, NodeId)| {
            let grid = call.tiles(&packed.run, *node, &large);
            grid.i as usize * grid.j as usize
        };
        let groups: usize = served.iter().map(groups).sum();
        if groups >= set.large_from as usize { large } else { set }
    }
}
