// Loss: the weighted loss of the batch and its gradient at the output node, one workgroup per run.
//
//   batch_sum   = sum_e sum_j c[j] l(a[e, j], t[e, j])            over the examples present
//   loss        = batch_sum / (examples present * sum_j c[j])
//   delta[e, j] = loss_scale c[j] l'(a, t) activation'(z) / (examples present * sum_j c[j])
//
// With l = (a - t)^2 and c = 1 this is torch.nn.MSELoss. In f16 the loss is scaled so that small
// deltas do not underflow (Micikevicius et al., arXiv 1710.03740, section 3.2).
//
// A dummy output has c = 0. Padding and absent examples get delta 0. The sum has a fixed order:
// each thread adds its own elements, then thread 0 adds the threads.

#import layout
#import packed_{packed}
#import activation

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read_write> states: array<State>;  // (runs); writes batch_sum
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); node: the output node
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads z, a and t, writes delta, all of shape (batch, outputs); reads c, shape (outputs)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

override LOSS_THREADS: u32;

// The losses, numbered as in LOSSES of src/engine/loss.rs.
const MSE: u32 = 0u;

fn loss_value(loss: u32, a: vec4f, t: vec4f) -> vec4f {
    switch loss {
        case MSE, default: {
            let miss = a - t;
            return miss * miss;
        }
    }
}

// d l / d a.
fn loss_slope(loss: u32, a: vec4f, t: vec4f) -> vec4f {
    switch loss {
        case MSE, default: {
            return 2.0 * (a - t);
        }
    }
}

var<workgroup> partial: array<f32, LOSS_THREADS>;

@compute @workgroup_size(LOSS_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid);
    let tile = tiles[call.first + min(index, call.count - 1u)];
    let run = runs[tile.run];
    let node = nodes[tile.node];
    let phase = states[tile.run].phase;
    let present = states[tile.run].batch_rows;
    let serves = index < call.count && phase != PHASE_DONE;

    var sum = 0.0;
    if serves {
        let scale = states[tile.run].loss_scale * run.inverse_weight_sum / f32(present);
        let count = node.output_vec4s * 4u * run.batch_vec4s;
        for (var place = thread; place < count; place += LOSS_THREADS) {
            let at = run.loss_weights + place % node.output_vec4s * EXACT;
            let weight = exact(work[at], work[at + EXACT - 1u]);
            var delta = vec4f(0.0);
            if place < present * node.output_vec4s {
                let a = unpack(work[node.output + place]);
                let t = unpack(work[run.labels + place]);
                let z = unpack(work[node.saved + place]);
                let slope = derivative(node.activation, node.slope, z);
                delta = scale * weight * loss_slope(run.loss, a, t) * slope;
                sum += dot(weight, loss_value(run.loss, a, t));
            }
            work[node.delta + place] = pack(delta);
        }
    }
    partial[thread] = sum;
    workgroupBarrier();
    if thread == 0u && serves {
        var total = 0.0;
        for (var t = 0u; t < LOSS_THREADS; t++) {
            total += partial[t];
        }
        states[tile.run].batch_sum = total;
    }
}
