//! From a typed graph, and arrays of certain shapes and strides, to the schedule of a call.
//!
//! | file                | what                                                                       |
//! |---------------------|----------------------------------------------------------------------------|
//! | `program`, `source` | the graph cut into stages; what a stage reads                              |
//! | `cut`, `origin`     | cuts it; what nodes depend on                                              |
//! | `stored`            | what several stages need, and is computed once and stored for them         |
//! | `shape`, `shapes`   | broadcasting, axes; the shapes of all stages, and what can be wrong with them |
//! | `known`             | what is known of shapes, for another form of the program                   |
//! | `order`             | how new results lie                                                        |
//! | `schedule`          | the plan of a call, as a value                                             |
//! | `make`              | makes it, stage by stage                                                   |
//! | `partial`           | the states of a part of an array instead of results                        |
//! | `reduce`, `fold`    | stages of reductions as passes; as tasks, of more than one block           |
//! | `scan`, `count`     | stages of scans as tasks; stages that count                                |
//! | `tiles`             | kernels of their tiles                                                     |
//! | `rows`, `by_rows`   | stages that keep rows apart: found; as a loop around their steps           |
//! | `whole`             | the whole schedule of a call                                               |
//! | `pass`, `nest`      | a pass: kernel, tiles, threads; its loops: axes dropped, ordered, merged   |
//! | `rearrange`         | what lies otherwise than the loops run: axes exchanged, buffers            |
//! | `alias`             | whether what is written is also read                                       |
//! | `reserve`, `needs`  | places in the memory of a call; how many bytes one takes                   |
//! | `slice`             | how much is done between two looks at whether a call is to end             |
//! | `target`            | what a schedule is made for, beside the arrays                             |
//! | `layout`, `table`   | what a kernel does, how its operands move; its table of strides            |
//! | `lower`             | a stage and a layout to a kernel                                           |
//! | `kernels`, `places` | kernels that are kept, in lists that are read without a lock               |

pub mod alias;
mod by_rows;
pub mod count;
mod cut;
pub mod fold;
pub mod kernels;
mod known;
pub mod layout;
pub mod lower;
pub mod make;
pub mod needs;
pub mod nest;
pub mod order;
mod origin;
pub mod partial;
pub mod pass;
pub mod places;
pub mod program;
pub mod rearrange;
mod recur;
mod reduce;
mod reserve;
mod rows;
mod scan;
pub mod schedule;
pub mod shape;
pub mod shapes;
pub mod slice;
pub mod source;
mod stored;
mod table;
pub mod target;
mod tiles;
pub mod whole;
