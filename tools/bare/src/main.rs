//! Every way to call, without ndarray.

use std::error::Error;

use tilexpr::{AnyArray, Arg, DType, Expr, Order, View, ViewMut, args};

fn main() -> Result<(), Box<dyn Error>> {
    let (a, b) = ([1.0, 2.0, 3.0], vec![4.0, 5.0, 6.0]);
    assert_eq!(Expr::compile("sum(a*b)")?.eval::<f64>(args![a, b])?, 32.0);
    assert_eq!(Expr::compile("a + b")?.eval::<Vec<f64>>(args![a, b])?, [5.0, 7.0, 9.0]);

    // A table of two rows, columns first in memory.
    let table = [1, 2, 3, 4, 5, 6];
    // SAFETY: the six elements, as two rows and three columns.
    let view = unsafe { View::from_raw(table.as_ptr().cast(), DType::I32, &[2, 3], &[4, 8]) };
    let y: AnyArray = Expr::compile("t*10")?.eval(args![t = view])?;
    assert_eq!((y.dtype(), y.shape(), y.strides()), (DType::I32, &[2, 3][..], &[1, 2][..]));
    let c: AnyArray = Expr::builder().order(Order::C).compile("t*10")?.eval(args![t = view])?;
    assert_eq!(c.strides(), [3, 1]);
    assert_eq!(y, c);
    assert_eq!(Expr::compile("sum(y - c)")?.eval::<i64>(args![y, c])?, 0);
    assert_eq!(y.into_vec::<i32>()?, [10, 30, 50, 20, 40, 60]);
    assert!(Expr::compile("t*10")?.eval::<Vec<i32>>(args![t = view]).is_err());

    let mut out = [0_u8; 6];
    // SAFETY: three elements of two bytes.
    let mut odd = unsafe { ViewMut::from_raw(out.as_mut_ptr(), DType::U16, &[3], &[2]) };
    Expr::compile("n + 1")?.eval_into(args![n = &[1_u16, 2, 3]], &mut odd)?;
    assert_eq!(Expr::compile("max(n)")?.eval::<u16>(args![n = odd.as_view()])?, 4);

    let scale = Expr::compile("a*k")?.prepare(["a", "k"], args![a, k = 2.0])?;
    let mut y = [0.0; 3];
    scale.call([Arg::new(&a), Arg::new(10.0)], &mut y)?;
    assert_eq!(y, [10.0, 20.0, 30.0]);
    println!("the library works without ndarray");
    Ok(())
}
