//! Arrays as grey pictures, and back.

use std::path::Path;

use image::imageops::{FilterType, resize};
use image::{GrayImage, ImageBuffer, Luma};
use ndarray::Array2;

use super::cli::Failure;

/// The longest side of a picture; larger arrays are scaled down to it.
const LARGEST: usize = 1024;

/// Writes an array as a PNG: 0 is black, `white` is white. Prints where it is.
pub fn write(path: &Path, what: &str, array: &Array2<f64>, white: f64) -> Result<(), Failure> {
    let (height, width) = array.dim();
    let grey = |x: u32, y: u32| Luma([(array[[y as usize, x as usize]] / white) as f32]);
    let whole = ImageBuffer::from_fn(width as u32, height as u32, grey);
    let scale = LARGEST as f64 / LARGEST.max(width).max(height) as f64;
    let side = |length: usize| ((length as f64 * scale) as u32).max(1);
    let scaled = match scale {
        1.0 => whole,
        _ => resize(&whole, side(width), side(height), FilterType::Triangle),
    };
    let bytes: Vec<u8> = scaled.iter().map(|x| (x * 255.0).round() as u8).collect();
    let picture = GrayImage::from_raw(scaled.width(), scaled.height(), bytes).ok_or("a byte for each pixel")?;
    picture.save(path)?;
    println!("{what}: {}", path.display());
    Ok(())
}

/// A PNG as an array of `size` by `size` values from 0 to 1.
pub fn read(png: &[u8], size: usize) -> Result<Array2<f64>, Failure> {
    let picture = image::load_from_memory(png)?.to_luma8();
    let scaled = resize(&picture, size as u32, size as u32, FilterType::Triangle);
    Ok(Array2::from_shape_fn((size, size), |(y, x)| f64::from(scaled.get_pixel(x as u32, y as u32)[0]) / 255.0))
}
