// What both passes of an attention need. A kernel that imports this page binds `work`.
//
// The rows of the input hold q, k and v of all heads. A thread serves four items of one head; each
// item has its own example.

#import packed_{packed}

// Largest width of a head, in vec4s.
const MOST_WIDTH: u32 = 16u;

// The product of two rows of `width` vec4s.
fn row_product(a: u32, b: u32, width: u32) -> f32 {
    var sum = vec4f(0.0);
    for (var k = 0u; k < width; k++) {
        sum += unpack(work[a + k]) * unpack(work[b + k]);
    }
    return sum.x + sum.y + sum.z + sum.w;
}
