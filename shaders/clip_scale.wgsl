// The norm of all gradients of a run, and the factor that brings it down to clip_norm, as
// torch.nn.utils.clip_grad_norm_ (Pascanu, Mikolov & Bengio, arXiv 1211.5063, algorithm 1):
//
//   norm  = sqrt(sum_b sum_c squares[b][c])
//   scale = min(1, clip_norm / (norm + 1e-6))
//
// The gradients are not changed: AdamW multiplies them by the scale. Where the norm is not finite
// the scale is 0: finite gradients become 0 and the others NaN, which ends the run. A kernel that
// imports this page binds `work`.

#import layout
#import packed_{packed}

struct Clip {
    norm: f32,
    scale: f32,
}

// Of the squares of `blocks` blocks, by one thread.
fn clip_of(run: Run, blocks: u32) -> Clip {
    var sum = vec4f(0.0);
    for (var block = 0u; block < blocks; block++) {
        let at = run.squares + block * EXACT;
        sum += exact(work[at], work[at + EXACT - 1u]);
    }
    let norm = sqrt(sum.x + sum.y + (sum.z + sum.w));
    var scale = 1.0;
    if !finite(norm) {
        scale = 0.0;
    } else if norm + 1e-6 > run.clip_norm {
        scale = run.clip_norm / (norm + 1e-6);
    }
    return Clip(norm, scale);
}
