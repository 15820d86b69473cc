// What is only multiplied and added up, four numbers at a time: activations, deltas, gradients, and
// weights where products read them. Here it lies in storage as everything else does.
// shaders/packed_words.wgsl and packed_long.wgsl are the other ways.

#import vec4_{vec4}

alias Packed = Vec4;
// Numbers of a table, as many as a word holds.
alias Datum = f32;

// Whether these numbers are halves.
const HALF: bool = false;
// How many Packed an exact vec4f takes.
const EXACT: u32 = 1u;
// How many numbers of a table a Datum holds.
const IN_DATUM: u32 = 1u;

fn unpack(p: Packed) -> vec4f {
    return numbers(p);
}

fn pack(v: vec4f) -> Packed {
    return stored_vec4(v);
}

fn overflows(v: vec4f) -> bool {
    return false;
}

// What is kept as f32 among Packed, from the first and the last that it takes.
fn exact(first: Packed, last: Packed) -> vec4f {
    return numbers(first);
}

// The other way.
fn first_of(v: vec4f) -> Packed {
    return stored_vec4(v);
}

fn last_of(v: vec4f) -> Packed {
    return stored_vec4(v);
}

fn datum(word: Datum, at: u32) -> f32 {
    return word;
}

// Two of them side by side.
alias TwoPacked = TwoVec4;

fn unpack_first(both: TwoPacked) -> vec4f {
    return first_numbers(both);
}

fn unpack_second(both: TwoPacked) -> vec4f {
    return second_numbers(both);
}

fn pack_two(first: vec4f, second: vec4f) -> TwoPacked {
    return two_vec4(first, second);
}
