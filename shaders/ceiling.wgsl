// Multiply-adds on registers and nothing else, to measure the arithmetic ceiling of a device. Not
// part of a step.
//
//   x <- a x + b, eight independent chains of vec4s per thread: 64 flops per turn

#import layout

// reads a and b, writes the sum of the chains: shape (2 + threads)
@group(0) @binding(0) var<storage, read_write> work: array<vec4f>;
@group(1) @binding(0) var<uniform> call: Call;

override CEILING_THREADS: u32;
override CEILING_TURNS: u32;  // a multiple of UNROLLED

// Turns without a branch between them: compilers unroll a loop of constant length. Software
// rasterizers load, mask and store the variables of a loop in each iteration; with one turn per
// iteration this measured 113 instead of 135 GFLOP/s on llvmpipe of Mesa 22.3, and 58 instead of
// 125 on llvmpipe of Mesa 25.0.
const UNROLLED: u32 = 8u;

@compute @workgroup_size(CEILING_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid);
    if index >= call.count {
        return;
    }
    let a = work[0];
    let b = work[1];
    var x0 = a + vec4f(f32(thread));
    var x1 = x0 + b;
    var x2 = x1 + b;
    var x3 = x2 + b;
    var x4 = x3 + b;
    var x5 = x4 + b;
    var x6 = x5 + b;
    var x7 = x6 + b;
    for (var turn = 0u; turn < CEILING_TURNS; turn += UNROLLED) {
        for (var inner = 0u; inner < UNROLLED; inner++) {
            x0 = fma(a, x0, b);
            x1 = fma(a, x1, b);
            x2 = fma(a, x2, b);
            x3 = fma(a, x3, b);
            x4 = fma(a, x4, b);
            x5 = fma(a, x5, b);
            x6 = fma(a, x6, b);
            x7 = fma(a, x7, b);
        }
    }
    let sum = ((x0 + x1) + (x2 + x3)) + ((x4 + x5) + (x6 + x7));
    work[2u + index * CEILING_THREADS + thread] = sum;
}
