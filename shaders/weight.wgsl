// The weights of products. A kernel that imports this page binds `weights`.

#import packed_{packed}

// Vec4 `at` of the weights.
fn weight(at: u32) -> vec4f {
    return unpack(weights[at]);
}
