// The entry point of matrix products. A kernel that imports this page binds `tiles` and `call` and
// defines `serve`.

#import layout
#import products

@compute @workgroup_size(PRODUCT_THREADS)
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
