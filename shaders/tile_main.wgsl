// The entry point of kernels of which a workgroup serves one tile. A kernel that imports this page
// binds `tiles` and `call` and defines `serve`, and THREADS, the threads of a workgroup.

#import layout

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid);
    if index < call.count {
        serve(tiles[call.first + index], thread);
    }
}
