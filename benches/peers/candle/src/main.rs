//! candle on the CPU, networks one after another: `candle-peer LIST`.

#[path = "../../protocol.rs"]
mod protocol;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{
    AdamW, Dropout, Init, Linear, Module, Optimizer, ParamsAdamW, VarBuilder, VarMap, linear, loss,
    ops,
};

use protocol::{Loop, Member, Run, Shuffle, Training, Work, converse};

/// One network, its optimizer and its rows.
struct Network {
    x: Tensor,
    y: Tensor,
    held_out: [Tensor; 2],
    variables: VarMap,
    layers: Vec<Linear>,
    dropout: Dropout,
    optimizer: AdamW,
    shuffle: Shuffle,
    training: Training,
    best: f64,
    kept: Vec<Tensor>,
}

/// Hidden layers, whose weights candle starts as He et al. (arXiv 1502.01852).
fn hidden_layers(inputs: usize, hidden: &[usize], from: &VarBuilder) -> Result<Vec<Linear>> {
    let below = std::iter::once(&inputs).chain(hidden);
    let layer = |(place, (inputs, outputs)): (usize, (&usize, &usize))| {
        linear(*inputs, *outputs, from.pp(place))
    };
    below.zip(hidden).enumerate().map(layer).collect()
}

/// The output layer, which starts as PyTorch's default.
fn output_layer(inputs: usize, outputs: usize, from: &VarBuilder) -> Result<Linear> {
    let bound = 1.0 / (inputs as f64).sqrt();
    let uniform = Init::Uniform {
        lo: -bound,
        up: bound,
    };
    let from = from.pp("output");
    Ok(Linear::new(
        from.get_with_hints((outputs, inputs), "weight", uniform)?,
        Some(from.get_with_hints(outputs, "bias", uniform)?),
    ))
}

impl Network {
    fn new(work: &Work, run: &Run, seed: u64) -> Result<Self> {
        let (training, device) = (work.training, Device::Cpu);
        let mut x = Tensor::from_slice(&work.x, (work.rows, work.inputs), &device)?;
        let y = Tensor::from_slice(&work.y, (work.rows, work.targets), &device)?;
        let base = VarMap::new();
        // a frozen base never changes: it is executed once for the whole table
        let from = VarBuilder::from_varmap(&base, DType::F32, &device);
        for layer in hidden_layers(work.inputs, &run.frozen, &from)? {
            x = ops::leaky_relu(&layer.forward(&x)?, training.slope)?.detach();
        }
        let variables = VarMap::new();
        let from = VarBuilder::from_varmap(&variables, DType::F32, &device);
        let mut layers = hidden_layers(x.dim(1)?, &run.hidden, &from)?;
        let last = *run.hidden.last().unwrap_or(&x.dim(1)?);
        layers.push(output_layer(last, work.targets, &from)?);
        let settings = ParamsAdamW {
            lr: training.learning_rate,
            beta1: training.betas[0],
            beta2: training.betas[1],
            eps: training.epsilon,
            weight_decay: training.weight_decay,
        };
        Ok(Self {
            held_out: [
                x.narrow(0, run.training, run.validation)?,
                y.narrow(0, run.training, run.validation)?,
            ],
            optimizer: AdamW::new(variables.all_vars(), settings)?,
            dropout: Dropout::new(run.dropout as f32),
            shuffle: Shuffle::new(run.training, seed),
            best: f64::INFINITY,
            kept: Vec::new(),
            x,
            y,
            variables,
            layers,
            training,
        })
    }

    fn outputs(&self, x: &Tensor, training: bool) -> Result<Tensor> {
        let (last, hidden) = self.layers.split_last().expect("an output layer");
        let mut x = x.clone();
        for layer in hidden {
            x = ops::leaky_relu(&layer.forward(&x)?, self.training.slope)?;
            x = self.dropout.forward(&x, training)?;
        }
        ops::sigmoid(&last.forward(&x)?)
    }

    fn train(&mut self) -> Result<u64> {
        let order = self.shuffle.next().to_vec();
        for rows in order.chunks(self.training.batch) {
            let rows = Tensor::from_slice(rows, rows.len(), &Device::Cpu)?;
            let outputs = self.outputs(&self.x.index_select(&rows, 0)?, true)?;
            let loss = loss::mse(&outputs, &self.y.index_select(&rows, 0)?)?;
            self.optimizer.backward_step(&loss)?;
        }
        let [x, y] = &self.held_out;
        let loss = loss::mse(&self.outputs(x, false)?.detach(), y)?.to_scalar::<f32>()?;
        if f64::from(loss) < self.best {
            self.best = loss.into();
            self.kept = self
                .variables
                .all_vars()
                .iter()
                .map(|value| value.copy())
                .collect::<Result<_>>()?;
        }
        Ok(order.len().div_ceil(self.training.batch) as u64)
    }
}

impl Member for Network {
    fn epoch(&mut self) -> u64 {
        self.train().expect("candle trains")
    }

    fn best(&self) -> f64 {
        self.best
    }
}

fn main() {
    let path = std::env::args().nth(1).expect("usage: candle-peer LIST");
    let work = Work::read(path.as_ref());
    let start =
        |run: usize| Network::new(&work, &work.runs[run], run as u64).expect("candle starts");
    converse("candle 0.11.1", &mut Loop::new(&work.runs, start));
}
