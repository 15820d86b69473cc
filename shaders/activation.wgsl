// Activations, their derivatives and the dropout mask, for four numbers at a time:
//
//   relu        max(z, 0)
//   leaky_relu  z > 0 ? z : slope z
//   tanh        (e^z - e^-z) / (e^z + e^-z)
//   sigmoid     1 / (1 + e^-z)
//   silu        z sigmoid(z)
//   gelu        z (1 + erf(z / sqrt(2))) / 2
//
// CPU reference: src/engine/activation.rs.

#import layout
#import random

const IDENTITY: u32 = 0u;
const RELU: u32 = 1u;
const LEAKY_RELU: u32 = 2u;
const TANH: u32 = 3u;
const SIGMOID: u32 = 4u;
const SILU: u32 = 5u;
const GELU: u32 = 6u;

// exp overflows beyond this argument; in f32 the functions are flat long before.
const EXP_LIMIT: f32 = 80.0;
// Constants of the approximation of erf: Abramowitz & Stegun, Handbook of Mathematical Functions,
// 7.1.26, |error| < 1.5e-7.
const ERF_P: f32 = 0.3275911;
const ROOT_HALF: f32 = 0.70710678;

// The one exponential and the one quotient that an activation needs, where it needs them.
struct Parts {
    e: vec4f,  // exp(-z); for tanh exp(-2 |z|); for gelu exp(-z^2 / 2)
    q: vec4f,  // 1 / (1 + e); for gelu 1 / (1 + p |z| / sqrt(2))
}

fn parts(kind: u32, z: vec4f) -> Parts {
    let exponent = select(select(-z, -2.0 * abs(z), kind == TANH), -0.5 * z * z, kind == GELU);
    let e = exp(clamp(exponent, vec4f(-EXP_LIMIT), vec4f(EXP_LIMIT)));
    return Parts(e, 1.0 / (1.0 + select(e, ERF_P * ROOT_HALF * abs(z), kind == GELU)));
}

// The cumulative distribution function of the standard normal distribution, from the parts of gelu.
fn normal_distribution(z: vec4f, given: Parts) -> vec4f {
    let t = given.q;
    let series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t
        + 0.254829592) * t;
    return 0.5 + 0.5 * sign(z) * (1.0 - series * given.e);
}

// activation(z). NaN propagates, so that the loss shows it: `max` and `clamp` would drop it. WGSL
// lets a compiler assume that there are no NaNs, so the test is on the bits.
fn activate(kind: u32, slope: f32, z: vec4f) -> vec4f {
    let is_nan = (bitcast<vec4u>(z) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u);
    return select(activate_number(kind, slope, z), z, is_nan);
}

fn activate_number(kind: u32, slope: f32, z: vec4f) -> vec4f {
    switch kind {
        case IDENTITY: { return z; }
        case RELU: { return max(z, vec4f(0.0)); }
        case LEAKY_RELU: { return select(slope * z, z, z > vec4f(0.0)); }
        default: { return activate_parts(kind, z, parts(kind, z)); }
    }
}

fn activate_parts(kind: u32, z: vec4f, given: Parts) -> vec4f {
    switch kind {
        case TANH: { return sign(z) * (1.0 - given.e) * given.q; }
        case SIGMOID: { return given.q; }
        case SILU: { return z * given.q; }
        case GELU: { return z * normal_distribution(z, given); }
        default: { return z; }
    }
}

// d activation / d z
fn derivative(kind: u32, slope: f32, z: vec4f) -> vec4f {
    switch kind {
        case IDENTITY: { return vec4f(1.0); }
        case RELU: { return select(vec4f(0.0), vec4f(1.0), z > vec4f(0.0)); }
        case LEAKY_RELU: { return select(vec4f(slope), vec4f(1.0), z > vec4f(0.0)); }
        default: { return derivative_parts(kind, z, parts(kind, z)); }
    }
}

fn derivative_parts(kind: u32, z: vec4f, given: Parts) -> vec4f {
    switch kind {
        case TANH: {
            let t = (1.0 - given.e) * given.q;
            return 1.0 - t * t;
        }
        case SIGMOID: { return given.q * (1.0 - given.q); }
        case SILU: { return given.q * (1.0 + z * (1.0 - given.q)); }
        case GELU: {
            // the density is 0 in f32 beyond |z| = 13
            let c = clamp(z, vec4f(-13.0), vec4f(13.0));
            return normal_distribution(z, given) + 0.39894228 * c * given.e;
        }
        default: { return vec4f(1.0); }
    }
}

// The dropout mask of four examples and four units, one unit per column: 0 where a unit is dropped,
// else 1 / (1 - dropout). It is not stored: the backward pass generates the same numbers again.
fn dropout_mask(seed: u32, step: u32, node: Node, units: u32, examples: u32) -> mat4x4f {
    let key = (node.number << 16u) + 4u * units;
    let kept = vec4f(node.keep_scale);
    let threshold = vec4u(node.drop_threshold);
    return mat4x4f(
        select(vec4f(0.0), kept, pcg4d(vec4u(seed, step, key, examples)) >= threshold),
        select(vec4f(0.0), kept, pcg4d(vec4u(seed, step, key + 1u, examples)) >= threshold),
        select(vec4f(0.0), kept, pcg4d(vec4u(seed, step, key + 2u, examples)) >= threshold),
        select(vec4f(0.0), kept, pcg4d(vec4u(seed, step, key + 3u, examples)) >= threshold),
    );
}

// Elementwise product.
fn times(a: mat4x4f, b: mat4x4f) -> mat4x4f {
    return mat4x4f(a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]);
}

// The matrix with column `place` replaced. Indexing with a number known only at run time would
// spill the matrix to memory.
fn with_column(a: mat4x4f, place: u32, column: vec4f) -> mat4x4f {
    return mat4x4f(
        select(a[0], column, place == 0u),
        select(a[1], column, place == 1u),
        select(a[2], column, place == 2u),
        select(a[3], column, place == 3u),
    );
}
