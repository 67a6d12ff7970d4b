//! A Gaussian blur of a grey picture, in twelve ways.
//!
//! Each pixel of the result is a weighted mean of the pixels around it. The weights are those of a bell curve, and
//! `weight(i, j) = weight(i) * weight(j)`: so the square of (2r + 1)^2 weights may be taken at once, or its rows first and
//! then its columns, which is 2*(2r + 1) products instead of (2r + 1)^2. The pictures that are read have a border of `r`
//! pixels, copies of the edge: no code asks where the edge is.
//!
//! All sums go from the first weight to the last, so that the direct ways agree to the bit, and so do the separable ones.
//! Between the two kinds, to the crate `image`, and to the text in index notation, whose `sum` has an order of its own and adds
//! `f32` in `f64`, roundings differ.

use image::imageops::{GaussianBlurParameters, blur_advanced, fast_blur};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma};
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use tilexpr::{Arg, Args, CompileError, EvalError, Expr, Threads, args};

/// A picture to blur, and what is known beforehand.
pub struct Blur {
    /// With a border of `radius` pixels on all sides.
    bordered: Array2<f32>,
    /// As the crate `image` has it, without a border; also in bytes.
    image: ImageBuffer<Luma<f32>, Vec<f32>>,
    bytes: DynamicImage,
    /// Without a border, and the square of weights: what the notation reads.
    plain: Array2<f32>,
    table: Array2<f32>,
    notation: Expr,
    radius: usize,
    /// 2*`radius` + 1 weights, whose sum is 1.
    weights: Vec<f32>,
    /// The sum of (2r + 1)^2 weighted views `v0`, `v1`, ...; and that of 2r + 1, which are weighted alike in rows and columns.
    square: Expr,
    line: Expr,
    /// The names of the views.
    names: Vec<String>,
}

/// What is written: there once, for all passes, as new memory costs more than a filter.
pub struct Work {
    /// Where rows are done and columns are not: as high as the bordered picture, and as wide as the picture.
    rows: Array2<f32>,
    pub result: Array2<f32>,
}

/// Blurs a picture; the result is in [`Work`].
pub type Filter = fn(&Blur, &mut Work) -> Result<(), EvalError>;

/// The ways that take the whole square of weights at once; they agree to the bit.
pub const DIRECT: [(&str, Filter); 3] =
    [("direct_loops", direct_loops), ("direct_ndarray", direct_ndarray), ("direct_tilexpr", direct_tilexpr)];

/// The ways that take rows, then columns; they agree to the bit, too.
pub const SEPARABLE: [(&str, Filter); 5] = [
    ("loops", loops),
    ("ndarray", ndarray),
    ("strips", strips),
    ("tilexpr", tilexpr),
    ("tilexpr_strips", tilexpr_strips),
];

/// The way in index notation, within the roundings of `f32` of the direct ones.
pub const NOTATION: (&str, Filter) = ("direct_notation", direct_notation);

/// The picture without a border, and the weights as an array: what is beyond an edge is the edge.
const TEXT: &str = "g[y, x] = sum[dy, dx](img[clamp(y + dy - r), clamp(x + dx - r)]*w[dy, dx])";

/// The ways of the crate `image`, with roundings of their own.
pub const IMAGE: [(&str, Filter); 3] =
    [("image_blur", image_blur), ("image_blur_u8", image_blur_u8), ("image_fast_blur", image_fast_blur)];

impl Blur {
    /// Makes ready to blur a picture of values from 0 to 1 by a bell curve that is cut off `radius` pixels from its middle.
    pub fn new(picture: &Array2<f32>, radius: usize) -> Result<Blur, CompileError> {
        let (height, width) = picture.dim();
        let inside = |at: usize, length: usize| at.saturating_sub(radius).min(length - 1);
        let bordered = Array2::from_shape_fn((height + 2 * radius, width + 2 * radius), |(y, x)| {
            picture[[inside(y, height), inside(x, width)]]
        });
        let (wide, high) = (width as u32, height as u32);
        let weights = weights(radius);
        let products = weights.iter().flat_map(|a| weights.iter().map(move |b| a * b));
        let table = Array2::from_shape_fn((weights.len(), weights.len()), |(dy, dx)| weights[dy] * weights[dx]);
        Ok(Blur {
            image: ImageBuffer::from_fn(wide, high, |x, y| Luma([picture[[y as usize, x as usize]]])),
            bytes: GrayImage::from_fn(wide, high, |x, y| {
                Luma([(picture[[y as usize, x as usize]] * 255.0).round() as u8])
            })
            .into(),
            square: Expr::compile(&weighted_sum(products))?,
            line: Expr::compile(&weighted_sum(weights.iter().copied()))?,
            names: (0..weights.len().pow(2)).map(|i| format!("v{i}")).collect(),
            plain: picture.clone(),
            table,
            notation: Expr::compile(TEXT)?,
            bordered,
            radius,
            weights,
        })
    }

    fn side(&self) -> usize {
        self.weights.len()
    }

    /// Height and width of the picture, without its border.
    fn dim(&self) -> (usize, usize) {
        let (height, width) = self.bordered.dim();
        (height - 2 * self.radius, width - 2 * self.radius)
    }

    /// The part of the bordered picture whose point (y, x) is the picture's (y + dy - r, x + dx - r).
    fn shifted(&self, dy: usize, dx: usize) -> ArrayView2<'_, f32> {
        let (height, width) = self.dim();
        self.bordered.slice(s![dy..dy + height, dx..dx + width])
    }

    pub fn work(&self) -> Work {
        let (height, width) = self.dim();
        Work { rows: Array2::zeros((self.bordered.nrows(), width)), result: Array2::zeros((height, width)) }
    }

    /// A text with these views as `v0`, `v1`, ..., into `to`.
    fn sum_into(&self, text: &Expr, views: &[ArrayView2<f32>], mut to: ArrayViewMut2<f32>) -> Result<(), EvalError> {
        let arguments = self.names.iter().zip(views).map(|(name, view)| (name.as_str(), Arg::new(view)));
        text.eval_into(arguments.collect::<Args>(), &mut to)
    }
}

/// The text `v0*0.01 + v1*0.04 + ...`. A number of the text has the type of the array beside it, here `f32`.
fn weighted_sum(weights: impl Iterator<Item = f32>) -> String {
    weights.enumerate().map(|(i, weight)| format!("v{i}*{weight}")).collect::<Vec<_>>().join(" + ")
}

/// The bell curve at the whole numbers from -radius to radius, scaled to the sum 1. Its width follows from the radius as in
/// OpenCV and in the crate `image`, so that the curve is nearly 0 where it is cut.
fn weights(radius: usize) -> Vec<f32> {
    let sigma = sigma(radius);
    let bell = |i: usize| (-0.5 * ((i as f32 - radius as f32) / sigma).powi(2)).exp();
    let weights: Vec<f32> = (0..=2 * radius).map(bell).collect();
    let sum: f32 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

/// The standard deviation of the bell curve, in pixels.
pub fn sigma(radius: usize) -> f32 {
    0.3 * (radius as f32 - 1.0) + 0.8
}

/// Four nested loops: rows and columns of the picture, rows and columns of weights. Every access checks its bounds, and
/// each sum is one chain of additions, so nothing is computed side by side.
fn direct_loops(blur: &Blur, work: &mut Work) -> Result<(), EvalError> {
    let (picture, weights) = (&blur.bordered, &blur.weights);
    for ((y, x), result) in work.result.indexed_iter_mut() {
        let mut sum = 0.0;
        for dy in 0..blur.side() {
            for dx in 0..blur.side() {
                sum += picture[[y + dy, x + dx]] * (weights[dy] * weights[dx]);
            }
        }
        *result = sum;
    }
    Ok(())
}

/// The loops the other way round: for each weight a pass over the whole picture, shifted. Every pass is vector code, and
/// every pass reads and writes the result.
fn direct_ndarray(blur: &Blur, work: &mut Work) -> Result<(), EvalError> {
    work.result.fill(0.0);
    for dy in 0..blur.side() {
        for dx in 0..blur.side() {
            work.result.scaled_add(blur.weights[dy] * blur.weights[dx], &blur.shifted(dy, dx));
        }
    }
    Ok(())
}

/// The same sum as one text, in one pass: (2r + 1)^2 shifted views are read at each point, and one number is written.
fn direct_tilexpr(blur: &Blur, work: &mut Work) -> Result<(), EvalError> {
    let places = (0..blur.side()).flat_map(|dy| (0..blur.side()).map(move |dx| (dy, dx)));
    let views: Vec<_> = places.map(|(dy, dx)| blur.shifted(dy, dx)).collect();
    blur.sum_into(&blur.square, &views, work.result.view_mut())
}

/// The formula as it is written on paper: no view is made by hand, and no border is kept.
fn direct_notation(blur: &Blur, work: &mut Work) -> Result<(), EvalError> {
    blur.notation.eval_into(args![img = &blur.plain, w = &blur.table, r = blur.radius as i64], &mut work.result)
}

/// Rows first, then columns, each as loops with indices.
fn loops(blur: &Blur, work: &mut Work) -> Result<(), EvalError> {
    let (picture, Work { rows, result }) = (&blur.bordered, work);
    let weights = || blur.weights.iter().enumerate();
    for ((y, x), row) in rows.indexed_iter_mut() {
        *row = weights().fold(0.0, |sum, (dx, weight)| sum + picture[[y, x + dx]] * weight);
    }
    for ((y, x), result) in result.indexed_iter_mut() {
        *result = weights().fold(0.0, |sum, (dy, weight)| sum + rows[[y + dy, x]] * weight);
    }
    Ok(())
}

/// A pass over the whole picture for each weight, twice.
fn ndarray(blur: &Blur, work: &mut Work) -> Result<(), EvalError> {
    let (Work { rows, result }, (height, width)) = (work, blur.dim());
    rows.fill(0.0);
    result.fill(0.0);
    for (dx, &weight) in blur.weights.iter().enumerate() {
        rows.scaled_add(weight, &blur.bordered.slice(s![.., dx..dx + width]));
    }
    for (dy, &weight) in blur.weights.iter().enumerate() {
        result.scaled_add(weight, &rows.slice(s![dy..dy + height, ..]));
    }
    Ok(())
}

/// Row by row, in strips on all threads, so that the rows of a strip stay in the cache until its columns are done. What a
/// careful person writes by hand.
fn strips(blur: &Blur, work: &mut Work) -> Result<(), EvalError> {
    let (weights, width) = (&blur.weights, blur.dim().1);
    let strips = work.result.axis_chunks_iter_mut(Axis(0), STRIP).into_par_iter().enumerate();
    strips.for_each(|(at, mut strip)| {
        let mut rows = Array2::zeros((strip.nrows() + weights.len() - 1, width));
        for (mut row, from) in rows.outer_iter_mut().zip(blur.bordered.slice(s![at * STRIP.., ..]).outer_iter()) {
            let from = from.to_slice().expect(CONTIGUOUS);
            let shifted: Vec<_> = (0..weights.len()).map(|dx| &from[dx..dx + width]).collect();
            weigh(row.as_slice_mut().expect(CONTIGUOUS), weights, &shifted);
        }
        for (y, mut to) in strip.outer_iter_mut().enumerate() {
            let row = |dy| rows.row(y + dy).to_slice().expect(CONTIGUOUS);
            let shifted: Vec<_> = (0..weights.len()).map(row).collect();
            weigh(to.as_slice_mut().expect(CONTIGUOUS), weights, &shifted);
        }
    });
    Ok(())
}

const CONTIGUOUS: &str = "rows lie contiguous in memory";

/// The weighted sum of lines: sixteen sums at a time, which are in registers until they are done. The compiler makes vector
/// code of them.
fn weigh(to: &mut [f32], weights: &[f32], lines: &[&[f32]]) {
    let (sixteens, rest) = to.as_chunks_mut::<16>();
    let done = 16 * sixteens.len();
    for (at, to) in sixteens.iter_mut().enumerate() {
        let mut sums = [0.0_f32; 16];
        for (line, weight) in lines.iter().zip(weights) {
            let from: &[f32; 16] = line[16 * at..].first_chunk().expect("lines are as long as the sum");
            sums.iter_mut().zip(from).for_each(|(sum, x)| *sum += x * weight);
        }
        *to = sums;
    }
    for (x, sum) in rest.iter_mut().enumerate() {
        *sum = lines.iter().zip(weights).fold(0.0, |sum, (line, weight)| sum + line[done + x] * weight);
    }
}

/// Rows of a strip. With those that it needs beside them and a width of 2,048 they are 600 kB.
const STRIP: usize = 64;

/// Two calls of a text of 2r + 1 shifted views: rows into an array of its own, then columns of that.
fn tilexpr(blur: &Blur, work: &mut Work) -> Result<(), EvalError> {
    let Work { rows, result } = work;
    blur.rows_then_columns(&blur.line, blur.bordered.view(), rows.view_mut(), result.view_mut())
}

/// The same in strips on all threads, each call on one: the rows between both calls are still in the cache when they are
/// read again.
fn tilexpr_strips(blur: &Blur, work: &mut Work) -> Result<(), EvalError> {
    let (serial, width) = (blur.line.with_threads(Threads::Serial), blur.dim().1);
    let strips = work.result.axis_chunks_iter_mut(Axis(0), STRIP).into_par_iter().enumerate();
    strips.try_for_each(|(at, strip)| {
        let high = strip.nrows() + 2 * blur.radius;
        let mut rows = Array2::zeros((high, width));
        let from = blur.bordered.slice(s![at * STRIP..at * STRIP + high, ..]);
        blur.rows_then_columns(&serial, from, rows.view_mut(), strip)
    })
}

impl Blur {
    fn rows_then_columns(
        &self,
        text: &Expr,
        from: ArrayView2<f32>,
        mut rows: ArrayViewMut2<f32>,
        to: ArrayViewMut2<f32>,
    ) -> Result<(), EvalError> {
        let (height, width) = to.dim();
        let views: Vec<_> = (0..self.side()).map(|dx| from.slice(s![.., dx..dx + width])).collect();
        self.sum_into(text, &views, rows.view_mut())?;
        let views: Vec<_> = (0..self.side()).map(|dy| rows.slice(s![dy..dy + height, ..])).collect();
        self.sum_into(text, &views, to)
    }
}

/// The crate `image`, of pixels in `f32`: separable, on one thread, with the same weights.
fn image_blur(blur: &Blur, work: &mut Work) -> Result<(), EvalError> {
    take(work, &blur_advanced(&blur.image, blur.parameters()), |grey| grey)
}

/// The same of pixels in bytes, as pictures mostly are: a quarter of the memory, sums of integers, and grey levels that are
/// rounded twice to a whole number.
fn image_blur_u8(blur: &Blur, work: &mut Work) -> Result<(), EvalError> {
    take(work, &blur.bytes.blur_advanced(blur.parameters()).into_luma8(), |grey| f32::from(grey) / 255.0)
}

/// Three box filters after each other, which come near a bell curve. A box is one addition and one subtraction a pixel, whatever
/// its width; for a small radius it is not much of a bell.
fn image_fast_blur(blur: &Blur, work: &mut Work) -> Result<(), EvalError> {
    take(work, &fast_blur(&blur.image, sigma(blur.radius)), |grey| grey)
}

impl Blur {
    fn parameters(&self) -> GaussianBlurParameters {
        GaussianBlurParameters::new_from_radius(self.radius as f32)
    }
}

/// The result is copied where that of the others is.
fn take<P: image::Pixel>(
    work: &mut Work,
    image: &ImageBuffer<P, Vec<P::Subpixel>>,
    grey: impl Fn(P::Subpixel) -> f32,
) -> Result<(), EvalError> {
    for (result, &pixel) in work.result.iter_mut().zip(image.as_raw()) {
        *result = grey(pixel);
    }
    Ok(())
}
