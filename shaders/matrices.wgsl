// The matrices of parameters of a run, for kernels that serve all of its parameters: a run whose
// matrices have different update scales, or has one that is not trained, has two for each node. The
// others count as one matrix. A kernel that imports this page binds `runs` and `nodes`.

#import layout

struct Matrix {
    first: u32,  // its first vec4, counted from those of the run
    end: u32,    // one past its last vec4
    rate: f32,   // factor of the learning rate; 0: not trained
    decay: f32,  // factor of learning rate * weight decay
}

// Matrix `index` of a run: the trained parameters if there is one, otherwise the weights and the
// biases of all nodes in turn. A node without parameters has empty ones.
fn matrix_of(slot: u32, index: u32) -> Matrix {
    if runs[slot].matrices == ONE_MATRIX {
        return Matrix(runs[slot].frozen_vec4s, runs[slot].parameter_vec4s, 1.0, 1.0);
    }
    let at = runs[slot].first_node + index / 2u;
    let start = runs[slot].copy;
    let weights = nodes[at].weights - start;
    let bias = nodes[at].bias - start;
    if index % 2u == 0u {
        return Matrix(weights, bias, nodes[at].weights_rate, nodes[at].weights_decay);
    }
    var end = runs[slot].parameter_vec4s;
    if index + 1u < runs[slot].matrices {
        end = nodes[at + 1u].weights - start;
    }
    return Matrix(bias, end, nodes[at].bias_rate, nodes[at].bias_decay);
}

// The first of the numbers first, first + step, ... that is at least `least`.
fn first_from(first: u32, step: u32, least: u32) -> u32 {
    return first + (max(first, least) - first + step - 1u) / step * step;
}
