//! The integers of the shuffle, against numpy.

use crate::common::*;
use shoal::engine::activation::Activation;
use shoal::engine::layout::State;
use shoal::engine::layout::phase;
use shoal::engine::memory::Memory;
use shoal::engine::random::pcg4d;
use shoal::engine::random::permute;
use shoal::engine::table::Table;

use super::*;

#[test]
fn hashes_and_permutations_equal_those_of_numpy() {
    let reference = Reference::open("permutation");
    let [words, hashes] = ["pcg4d_in", "pcg4d_out"].map(|name| reference.words(name));
    for (word, hash) in words.chunks(4).zip(hashes.chunks(4)) {
        assert_eq!(pcg4d(word.try_into().unwrap()), hash);
    }
    let [keys, epochs] = ["key", "epoch"].map(|name| reference.words(name));
    for count in COUNTS {
        let orders = reference.words(&format!("permute_{count}"));
        for ((key, epoch), order) in keys.iter().zip(&epochs).zip(orders.chunks(count as usize)) {
            let ours: Vec<u32> = (0..count).map(|i| permute(*key, *epoch, count, i)).collect();
            assert_eq!(ours, order, "key {key}, epoch {epoch}");
        }
    }
}

const COUNTS: [u32; 8] = [1, 2, 3, 5, 16, 17, 61, 1000];

#[test]
fn the_device_gathers_rows_in_the_order_of_numpy() {
    let _turn = turn();
    let reference = Reference::open("permutation");
    let gpu = gpu();
    let [keys, epochs] = ["key", "epoch"].map(|name| reference.words(name));
    let network = perceptron(1, &[], 1, Activation::Tanh, Activation::Tanh, 0.0);
    for count in COUNTS {
        let orders = reference.words(&format!("permute_{count}"));
        for ((key, epoch), order) in keys.iter().zip(&epochs).zip(orders.chunks(count as usize)) {
            // each row has its own number
            let x = (0..count).map(|row| row as f32).collect();
            let rows = count as usize;
            let table = Table::unscaled(x, 1, vec![0.0; rows], 1).unwrap();
            let run = whole(network.clone(), network.initial_parameters(1), table, *key);
            let mut memory = Memory::<f32>::new(&run);
            let fresh = State::fresh();
            memory.state = State { phase: phase::TRAIN, epoch: *epoch, batch_rows: count, ..fresh };
            on_gpu(&gpu)(&run, &mut memory, of_run("gather"));
            // one input, padded to four
            let gathered = memory.work[run.layout.x..].iter().step_by(4).take(rows);
            let gathered: Vec<u32> = gathered.map(|row| *row as u32).collect();
            assert_eq!(gathered, order, "key {key}, epoch {epoch}");
        }
    }
}
