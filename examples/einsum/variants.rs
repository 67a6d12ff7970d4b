//! Six of the uses of `einsum` that NumPy's manual shows, each as loops, as operations of ndarray, and as a text.
//!
//! All write into an array that is there. The numbers are small and whole, so that every order of a sum gives the same bits.

use ndarray::linalg::{general_mat_mul, general_mat_vec_mul};
use ndarray::{Array1, Array2, Array3, ArrayD, ArrayViewMut, Dimension, Ix1, Ix2};
use tilexpr::{Args, args};

/// What is read: two n x n matrices, a vector, and two tensors of shape (s, s, n), where s*s is about n.
pub struct Given {
    a: Array2<f64>,
    b: Array2<f64>,
    v: Array1<f64>,
    p: Array3<f64>,
    q: Array3<f64>,
}

impl Given {
    pub fn new(n: usize) -> Given {
        let s = n.isqrt();
        let number = |at: usize| (at % 17) as f64 - 8.0;
        Given {
            a: Array2::from_shape_fn((n, n), |(i, j)| number(3 * i + 5 * j)),
            b: Array2::from_shape_fn((n, n), |(i, j)| number(3 * i + 7 * j)),
            v: Array1::from_shape_fn(n, |i| number(11 * i)),
            p: Array3::from_shape_fn((s, s, n), |(i, j, k)| number(3 * i + 5 * j + 7 * k)),
            q: Array3::from_shape_fn((s, s, n), |(i, j, k)| number(5 * i + 3 * j + 11 * k)),
        }
    }

    pub fn args(&self) -> Args<'_> {
        args![a = &self.a, b = &self.b, v = &self.v, p = &self.p, q = &self.q]
    }
}

/// Computes one use into an array of its shape.
pub type Compute = fn(&Given, &mut ArrayD<f64>);

/// One use of `einsum`.
pub struct Use {
    pub name: &'static str,
    pub numpy: &'static str,
    pub text: &'static str,
    /// The axes of the result, each of length n.
    pub axes: usize,
    pub loops: Compute,
    pub ndarray: Compute,
}

pub const USES: [Use; 6] = [
    Use {
        name: "trace",
        numpy: "einsum('ii', a)",
        text: "t = sum[i](a[i, i]); t",
        axes: 0,
        loops: |given, to| to[[]] = (0..given.v.len()).map(|i| given.a[[i, i]]).sum(),
        ndarray: |given, to| to[[]] = given.a.diag().sum(),
    },
    Use {
        name: "diagonal",
        numpy: "einsum('ii->i', a)",
        text: "d[i] = a[i, i]",
        axes: 1,
        loops: |given, to| (0..given.v.len()).for_each(|i| to[[i]] = given.a[[i, i]]),
        ndarray: |given, to| to.assign(&given.a.diag()),
    },
    Use {
        name: "transpose",
        numpy: "einsum('ji', a)",
        text: "t[i, j] = a[j, i]",
        axes: 2,
        loops: transpose,
        ndarray: |given, to| to.assign(&given.a.t()),
    },
    Use {
        name: "matrix by vector",
        numpy: "einsum('ij,j', a, v)",
        text: "y[i] = sum[j](a[i, j]*v[j])",
        axes: 1,
        loops: matrix_vector,
        ndarray: |given, to| general_mat_vec_mul(1.0, &given.a, &given.v, 0.0, &mut fixed::<Ix1>(to)),
    },
    Use {
        name: "matrix product",
        numpy: "einsum('ij,jk->ik', a, b)",
        text: "c[i, k] = sum[j](a[i, j]*b[j, k])",
        axes: 2,
        loops: product,
        ndarray: |given, to| general_mat_mul(1.0, &given.a, &given.b, 0.0, &mut fixed::<Ix2>(to)),
    },
    Use {
        name: "tensordot",
        numpy: "einsum('ijk,jil->kl', p, q)",
        text: "c[k, l] = sum[i, j](p[i, j, k]*q[j, i, l])",
        axes: 2,
        loops: tensordot,
        ndarray: tensordot_by_product,
    },
];

fn transpose(given: &Given, to: &mut ArrayD<f64>) {
    let n = given.v.len();
    for i in 0..n {
        for j in 0..n {
            to[[i, j]] = given.a[[j, i]];
        }
    }
}

fn matrix_vector(given: &Given, to: &mut ArrayD<f64>) {
    let n = given.v.len();
    for i in 0..n {
        to[[i]] = (0..n).map(|j| given.a[[i, j]] * given.v[j]).sum();
    }
}

/// The sum in the middle, so that the inner loop goes along rows.
fn product(given: &Given, to: &mut ArrayD<f64>) {
    let n = given.v.len();
    to.fill(0.0);
    for i in 0..n {
        for j in 0..n {
            for k in 0..n {
                to[[i, k]] += given.a[[i, j]] * given.b[[j, k]];
            }
        }
    }
}

fn tensordot(given: &Given, to: &mut ArrayD<f64>) {
    let (s, _, n) = given.p.dim();
    to.fill(0.0);
    for i in 0..s {
        for j in 0..s {
            for k in 0..n {
                for l in 0..n {
                    to[[k, l]] += given.p[[i, j, k]] * given.q[[j, i, l]];
                }
            }
        }
    }
}

/// As `tensordot` does it in NumPy: axes are exchanged, which copies one operand, and then it is a matrix product.
fn tensordot_by_product(given: &Given, to: &mut ArrayD<f64>) {
    let (s, _, n) = given.p.dim();
    let p = given.p.to_shape((s * s, n)).expect(SAME_SIZE);
    let q = given.q.view().permuted_axes([1, 0, 2]);
    let q = q.to_shape((s * s, n)).expect(SAME_SIZE);
    general_mat_mul(1.0, &p.t(), &q, 0.0, &mut fixed::<Ix2>(to));
}

const SAME_SIZE: &str = "two axes become one";

/// An array whose number of axes is known.
fn fixed<D: Dimension>(to: &mut ArrayD<f64>) -> ArrayViewMut<'_, f64, D> {
    to.view_mut().into_dimensionality().expect("a use knows how many axes its result has")
}
