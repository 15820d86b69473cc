// The state of the run of a workgroup, in its memory.

#import layout

var<workgroup> current: State;

fn state_of(slot: u32) -> State {
    return current;
}
