// Storage, four numbers at a time, of what is only multiplied and added: activations, deltas,
// gradients, and the weights that products read. Here it is f32, as everything else.
// packed_f16.wgsl and packed_f16_pairs.wgsl are the alternatives.

#import vec4

alias Packed = vec4f;
// A word of a table, with IN_DATUM numbers.
alias Datum = u32;

// Whether Packed holds f16.
const HALF: bool = false;
// How many Packed an exact vec4f takes.
const EXACT: u32 = 1u;
// How many numbers of a table a Datum holds.
const IN_DATUM: u32 = 1u;

fn unpack(p: Packed) -> vec4f {
    return p;
}

fn pack(v: vec4f) -> Packed {
    return v;
}

// Whether one of the four is too large for the storage type: only f16 overflows.
fn overflows(v: vec4f) -> bool {
    return false;
}

// A vec4 stored as f32, from its first and its last Packed.
fn exact(first: Packed, last: Packed) -> vec4f {
    return first;
}

// The first and the last Packed of a vec4 stored as f32.
fn first_of(v: vec4f) -> Packed {
    return v;
}

fn last_of(v: vec4f) -> Packed {
    return v;
}

// Number `at` of a table, from the word that holds it.
fn datum(word: Datum, at: u32) -> f32 {
    return bitcast<f32>(word);
}

// Two of them, adjacent in memory.
alias TwoPacked = TwoVec4;

fn unpack_first(both: TwoPacked) -> vec4f {
    return both.first;
}

fn unpack_second(both: TwoPacked) -> vec4f {
    return both.second;
}

fn pack_two(first: vec4f, second: vec4f) -> TwoPacked {
    return TwoVec4(first, second);
}
