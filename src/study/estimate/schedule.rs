//! Who would train beside whom, and for how long: the runs of a plan take their places and leave
//! them, and nothing is trained.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::engine::cpu::frozen;
use crate::engine::cpu::worker_pool::WAITING;
use crate::engine::gpu::Gpu;
use crate::engine::gpu::footprint::Footprint;
use crate::engine::gpu::packing::Limits;
use crate::engine::gpu::packing::rehearsal::Rehearsal;
use crate::engine::memory;
use crate::engine::precision::Precision;
use crate::engine::queue::Progress;
use crate::engine::queue::RunQueue;
use crate::engine::run::Outcome;
use crate::engine::run::Run;
use crate::engine::run::most_work;
use crate::engine::table::Table;
use crate::engine::tile::HARDWARE;
use crate::error::Result;
use crate::study::estimate::sketch::{MOST, Sketch};

/// How it would go.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    /// Seconds of training.
    pub seconds: f64,
    /// Most runs at one time.
    pub packed: usize,
    /// Most bytes at one time.
    pub bytes: u64,
    /// Steps of the whole shoal; on a CPU, where each run has its own, none.
    pub ticks: u64,
}

/// What a run takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Take {
    /// Steps, those of validation included.
    pub ticks: u64,
    /// Seconds of one of them, the mean over an epoch.
    pub seconds: f64,
}

/// The runs that wait, in order, and those that may begin.
struct Queue<'a> {
    sketches: &'a [Sketch],
    tables: Arc<[Table]>,
    ready: BTreeSet<usize>,
    /// Runs of a group that are not over.
    open: HashMap<usize, usize>,
    waiting: HashMap<usize, Vec<usize>>,
}

impl<'a> Queue<'a> {
    fn new(sketches: &'a [Sketch], takes: &[Take], tables: Arc<[Table]>) -> Self {
        let mut queue = Self {
            sketches,
            tables,
            ready: BTreeSet::new(),
            open: HashMap::new(),
            waiting: HashMap::new(),
        };
        for (id, sketch) in sketches.iter().enumerate() {
            // a run that is not expected to begin is over before it does
            if takes[id].ticks == 0 {
                continue;
            }
            *queue.open.entry(sketch.group).or_default() += 1;
            match sketch.needs {
                Some(group) => queue.waiting.entry(group).or_default().push(id),
                None => drop(queue.ready.insert(id)),
            }
        }
        queue
    }

    /// Takes the longest of the first that may begin, as many as a CPU looks at, and as it tells;
    /// of equal ones the first.
    fn longest(&mut self) -> Option<usize> {
        let work = |id: &usize| {
            let sketch = &self.sketches[*id];
            most_work(&sketch.network, sketch.rows.iter().sum(), sketch.epochs[MOST])
        };
        let first: Vec<usize> = self.ready.iter().copied().take(WAITING).collect();
        let longest = first.into_iter().rev().max_by_key(work)?;
        self.ready.remove(&longest);
        Some(longest)
    }

    fn over(&mut self, id: usize) {
        let group = self.sketches[id].group;
        let open = self.open.get_mut(&group).expect("forecast: a group");
        *open -= 1;
        if *open == 0 {
            self.ready.extend(self.waiting.remove(&group).unwrap_or_default());
        }
    }
}

impl RunQueue for Queue<'_> {
    fn next(&mut self) -> Option<Run> {
        let id = self.ready.pop_first()?;
        let sketch = &self.sketches[id];
        Some(sketch.run(id, &self.tables, sketch.rows))
    }

    fn finished(&mut self, _outcome: Outcome) -> Result<()> {
        Ok(())
    }

    fn progress(&mut self, _progress: &Progress) -> Result<()> {
        Ok(())
    }
}

/// Where runs take their places.
trait Room {
    /// Lets in who can begin, while there is room.
    fn admit(&mut self, queue: &mut Queue) -> Result<()>;
    /// Who is there.
    fn packed(&self) -> Vec<usize>;
    fn leave(&mut self, ids: &[usize]);
    /// Most bytes so far.
    fn bytes(&self) -> u64;
}

impl Room for Rehearsal<'_> {
    fn admit(&mut self, queue: &mut Queue) -> Result<()> {
        Rehearsal::admit(self, queue)
    }

    fn packed(&self) -> Vec<usize> {
        Rehearsal::packed(self)
    }

    fn leave(&mut self, ids: &[usize]) {
        Rehearsal::leave(self, ids);
    }

    fn bytes(&self) -> u64 {
        Rehearsal::bytes(self)
    }
}

/// Room for so much, however it is cut.
struct Paper {
    limits: Limits,
    packed: Vec<(usize, u64)>,
    most: u64,
}

impl Paper {
    fn new(limits: Limits) -> Self {
        Self { limits, packed: vec![], most: 0 }
    }

    fn now(&self) -> u64 {
        self.packed.iter().map(|(_, bytes)| bytes).sum()
    }
}

fn footprint(sketch: &Sketch) -> Footprint {
    let training = &sketch.training;
    Footprint::new(&sketch.network, training.batch, training.precision)
}

/// Numbers of the vectors of a run on a CPU.
fn memory_of(sketch: &Sketch) -> [usize; 9] {
    let training = &sketch.training;
    let vectors = memory::numbers(&sketch.network, training.batch, training.precision);
    let features = frozen::feature_numbers(&sketch.network, sketch.rows.iter().sum());
    std::array::from_fn(|part| *vectors.get(part).unwrap_or(&features))
}

impl Room for Paper {
    fn admit(&mut self, queue: &mut Queue) -> Result<()> {
        let mut now = self.now();
        while self.packed.len() < self.limits.runs
            && let Some(id) = queue.ready.first().copied()
        {
            let sketch = &queue.sketches[id];
            let bytes = footprint(sketch).bytes(HARDWARE.fuses_update(&sketch.training));
            if now + bytes > self.limits.bytes && !self.packed.is_empty() {
                break;
            }
            queue.ready.remove(&id);
            self.packed.push((id, bytes));
            now += bytes;
        }
        self.most = self.most.max(now);
        Ok(())
    }

    fn packed(&self) -> Vec<usize> {
        self.packed.iter().map(|(id, _)| *id).collect()
    }

    fn leave(&mut self, ids: &[usize]) {
        self.packed.retain(|(id, _)| !ids.contains(id));
    }

    fn bytes(&self) -> u64 {
        self.most
    }
}

/// On a GPU: all runs that are packed take a step together, beside their own seconds those of its
/// `dispatches`.
///
/// # Errors
/// As [`crate::engine::train::train`].
pub fn on_gpu(
    gpu: &Gpu,
    sketches: &[Sketch],
    takes: &[Take],
    tables: &Arc<[Table]>,
    dispatches: &dyn Fn(&[usize]) -> f64,
) -> Result<Schedule> {
    let precision = sketches.first().map_or(Precision::F32, |one| one.training.precision);
    let mut room = Rehearsal::new(gpu, tables.clone(), Limits::default(), precision)?;
    let queue = Queue::new(sketches, takes, tables.clone());
    together(&mut room, queue, takes, dispatches)
}

/// On a GPU that is not here and has room enough.
///
/// # Errors
/// None.
pub fn on_paper(
    sketches: &[Sketch],
    takes: &[Take],
    tables: &Arc<[Table]>,
    dispatches: &dyn Fn(&[usize]) -> f64,
) -> Result<Schedule> {
    let mut room = Paper::new(Limits::default());
    together(&mut room, Queue::new(sketches, takes, tables.clone()), takes, dispatches)
}

fn together(
    room: &mut dyn Room,
    mut queue: Queue,
    takes: &[Take],
    dispatches: &dyn Fn(&[usize]) -> f64,
) -> Result<Schedule> {
    let mut left: Vec<u64> = takes.iter().map(|take| take.ticks).collect();
    let mut schedule = Schedule::default();
    loop {
        room.admit(&mut queue)?;
        let packed = room.packed();
        let Some(ticks) = packed.iter().map(|id| left[*id]).min() else {
            schedule.bytes = room.bytes();
            return Ok(schedule);
        };
        let tick: f64 = packed.iter().map(|id| takes[*id].seconds).sum();
        schedule.seconds += ticks as f64 * (tick + dispatches(&packed));
        schedule.ticks += ticks;
        schedule.packed = schedule.packed.max(packed.len());
        packed.iter().for_each(|id| left[*id] -= ticks);
        let over: Vec<usize> = packed.into_iter().filter(|id| left[*id] == 0).collect();
        room.leave(&over);
        over.into_iter().for_each(|id| queue.over(id));
    }
}

/// On a CPU: each of so many threads takes the longest run of those that wait, trains it to its end
/// and takes the next.
pub fn on_cpu(
    threads: usize,
    sketches: &[Sketch],
    takes: &[Take],
    tables: &Arc<[Table]>,
) -> Schedule {
    let mut queue = Queue::new(sketches, takes, tables.clone());
    let mut schedule = Schedule::default();
    // what the memory of each thread holds: it keeps what its largest run so far needed
    let mut held = vec![[0; 9]; threads];
    let mut idle: Vec<usize> = (0..threads).collect();
    // when each run that trains will be over, and its thread
    let mut training: Vec<(f64, usize, usize)> = Vec::new();
    loop {
        while let Some(thread) = idle.last().copied()
            && let Some(id) = queue.longest()
        {
            idle.pop();
            let take = takes[id];
            let over = schedule.seconds + take.ticks as f64 * take.seconds;
            training.push((over, id, thread));
            let needs = memory_of(&sketches[id]);
            held[thread] = std::array::from_fn(|part| needs[part].max(held[thread][part]));
        }
        schedule.bytes = 4 * held.iter().flatten().sum::<usize>() as u64;
        schedule.packed = schedule.packed.max(training.len());
        let first = (0..training.len()).min_by(|a, b| training[*a].0.total_cmp(&training[*b].0));
        let Some(first) = first else {
            return schedule;
        };
        let (now, id, thread) = training.swap_remove(first);
        idle.push(thread);
        schedule.seconds = now;
        queue.over(id);
    }
}
