// The state of a run, in the buffer of the device. A kernel that imports this page binds `states`.

#import layout

fn state_of(slot: u32) -> State {
    return states[slot];
}
