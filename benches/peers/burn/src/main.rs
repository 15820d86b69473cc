//! burn, networks one after another: `burn-peer LIST flex|wgpu`.

#[path = "../../protocol.rs"]
mod protocol;

use burn::module::{Initializer, Module};
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{Dropout, DropoutConfig, LeakyRelu, LeakyReluConfig, Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Int, Tensor, TensorData};

use protocol::{Loop, Member, Run, Shuffle, Training, Work, converse};

#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
    activation: LeakyRelu,
    dropout: Dropout,
}

impl Network {
    /// `hidden` layers start as in He et al. (arXiv 1502.01852); an output layer, if any, as the
    /// default of burn, which is that of PyTorch.
    fn new(
        inputs: usize,
        hidden: &[usize],
        outputs: Option<usize>,
        (dropout, slope): (f64, f64),
        device: &Device,
    ) -> Self {
        let initializer = Initializer::KaimingNormal {
            gain: (2.0 / (1.0 + slope * slope)).sqrt(),
            fan_out_only: false,
        };
        let layer = |(inputs, outputs): (&usize, &usize)| {
            let mut layer = LinearConfig::new(*inputs, *outputs).init(device);
            layer.weight =
                initializer.init_with([*inputs, *outputs], Some(*inputs), Some(*outputs), device);
            layer
        };
        let below = std::iter::once(&inputs).chain(hidden);
        let mut layers: Vec<Linear> = below.zip(hidden).map(layer).collect();
        if let Some(outputs) = outputs {
            let inputs = *hidden.last().unwrap_or(&inputs);
            layers.push(LinearConfig::new(inputs, outputs).init(device));
        }
        Self {
            layers,
            activation: LeakyReluConfig::new().with_negative_slope(slope).init(),
            dropout: DropoutConfig::new(dropout).init(),
        }
    }

    /// A frozen base: hidden layers without dropout.
    fn features(&self, x: Tensor<2>) -> Tensor<2> {
        let layer = |x, layer: &Linear| self.activation.forward(layer.forward(x));
        self.layers.iter().fold(x, layer)
    }

    fn outputs(&self, x: Tensor<2>) -> Tensor<2> {
        let (last, hidden) = self.layers.split_last().expect("an output layer");
        let layer = |x, layer: &Linear| {
            self.dropout
                .forward(self.activation.forward(layer.forward(x)))
        };
        sigmoid(last.forward(hidden.iter().fold(x, layer)))
    }
}

/// One network, its optimizer and its rows.
struct Started {
    x: Tensor<2>,
    y: Tensor<2>,
    held_out: [Tensor<2>; 2],
    network: Option<Network>,
    optimizer: ModuleOptimizer,
    shuffle: Shuffle,
    training: Training,
    best: f64,
    kept: Option<Network>,
}

impl Started {
    fn new(work: &Work, run: &Run, seed: u64, device: &Device) -> Self {
        let plain = device.clone().inner();
        let table = |numbers: &[f32], columns| {
            Tensor::<2>::from_data(
                TensorData::new(numbers.to_vec(), [work.rows, columns]),
                &plain,
            )
        };
        let (training, y) = (work.training, table(&work.y, work.targets));
        // a frozen base never changes: it is executed once for the whole table
        let base = Network::new(
            work.inputs,
            &run.frozen,
            None,
            (0.0, training.slope),
            &plain,
        );
        let x = base.features(table(&work.x, work.inputs));
        let settings = (run.dropout, training.slope);
        let outputs = Some(work.targets);
        let network = Network::new(x.dims()[1], &run.hidden, outputs, settings, device);
        let settings = AdamWConfig::new()
            .with_beta_1(training.betas[0] as f32)
            .with_beta_2(training.betas[1] as f32)
            .with_epsilon(training.epsilon as f32)
            .with_weight_decay(training.weight_decay as f32);
        let held_out = |of: &Tensor<2>| of.clone().narrow(0, run.training, run.validation);
        Self {
            held_out: [held_out(&x), held_out(&y)],
            x,
            y,
            network: Some(network),
            optimizer: settings.init(),
            shuffle: Shuffle::new(run.training, seed),
            training,
            best: f64::INFINITY,
            kept: None,
        }
    }
}

impl Member for Started {
    fn epoch(&mut self) -> u64 {
        let mut network = self.network.take().expect("a network between epochs");
        let order = self.shuffle.next();
        for rows in order.chunks(self.training.batch) {
            let rows: Vec<i32> = rows.iter().map(|row| *row as i32).collect();
            let rows = Tensor::<1, Int>::from_data(rows.as_slice(), &self.x.device());
            let [x, y] =
                [&self.x, &self.y].map(|table| table.clone().select(0, rows.clone()).autodiff());
            let loss = MseLoss::new().forward(network.outputs(x), y, Reduction::Mean);
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            network = self
                .optimizer
                .step(self.training.learning_rate, network, gradients);
        }
        let steps = order.len().div_ceil(self.training.batch) as u64;
        let ([x, y], valid) = (self.held_out.clone(), network.valid());
        let loss: f32 = MseLoss::new()
            .forward(valid.outputs(x), y, Reduction::Mean)
            .into_scalar();
        if f64::from(loss) < self.best {
            self.best = loss.into();
            self.kept = Some(valid);
        }
        self.network = Some(network);
        steps
    }

    fn best(&self) -> f64 {
        self.best
    }
}

#[cfg(feature = "gpu")]
fn adapter() -> Device {
    Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)
}

#[cfg(not(feature = "gpu"))]
fn adapter() -> Device {
    panic!("built without the feature `gpu`")
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, path, device] = arguments.as_slice() else {
        panic!("usage: burn-peer LIST flex|wgpu");
    };
    let work = Work::read(path.as_ref());
    let device = match device.as_str() {
        "flex" => Device::flex(),
        _ => adapter(),
    };
    let device = device.autodiff();
    let start = |run: usize| Started::new(&work, &work.runs[run], run as u64, &device);
    converse("burn 0.22.1", &mut Loop::new(&work.runs, start));
}
