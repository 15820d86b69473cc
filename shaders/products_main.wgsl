// The entry point of kernels whose threads each compute a tile of a product.

#import layout
#import products
#import tile_main
