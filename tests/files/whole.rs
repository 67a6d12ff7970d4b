//! Files read, written and mapped whole.

use ndarray::{Array2, Array3, ArrayD, Dimension, IxDyn, array, s};
use num_complex::Complex;
use tilexpr::{AnyArray, DType, Expr, View, args, npy};

use super::{Folder, dictionary, versioned};

/// An array of small numbers of a type, of this shape.
fn sample(dtype: DType, shape: &[usize]) -> AnyArray {
    let n = ArrayD::from_shape_fn(IxDyn(shape), |index| {
        index.as_array_view().iter().fold(1i64, |n, &i| n * 7 + i as i64) % 101
    });
    let text = match dtype {
        DType::C64 | DType::C128 => format!("{dtype}(n + 1j*(n - 3))"),
        DType::Bool => "n % 3 == 0".to_string(),
        _ => format!("{dtype}(n)"),
    };
    Expr::compile(&text).unwrap().eval(args![n]).unwrap()
}

#[test]
fn every_type_and_shape_comes_back() {
    let folder = Folder::new();
    let path = folder.path("a.npy");
    for dtype in DType::ALL {
        for shape in [&[][..], &[0], &[1], &[5], &[3, 4], &[4, 1, 3], &[2, 0, 3], &[1; 9]] {
            let a = sample(dtype, shape);
            npy::write(&path, &a).unwrap();
            let back = npy::read(&path).unwrap();
            assert_eq!(back, a, "{dtype} {shape:?}");
            let header = npy::Header::read(&path).unwrap();
            assert_eq!((header.dtype, &header.shape[..], header.offset % 64), (dtype, shape, 0));
            // SAFETY: this test alone knows of the file.
            let map = unsafe { npy::Map::open(&path).unwrap() };
            assert_eq!(Expr::compile("map").unwrap().eval::<AnyArray>(args![map]).unwrap(), a);
            assert_eq!(map.view().dtype(), dtype);
        }
    }
    assert_eq!(folder.names(), ["a.npy"]);
}

#[test]
fn larger_than_a_piece() {
    let folder = Folder::new();
    for n in [32 << 10, (32 << 10) + 1, 200_001] {
        let a: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
        npy::write(folder.path("a.npy"), &a).unwrap();
        assert_eq!(npy::read(folder.path("a.npy")).unwrap().into_vec::<f64>().unwrap(), a);
    }
}

#[test]
fn any_layout_is_written() {
    let folder = Folder::new();
    let path = folder.path("a.npy");
    let a = Array3::from_shape_fn((4, 5, 6), |(i, j, k)| (i * 100 + j * 10 + k) as i32);
    let read = || npy::read(&path).unwrap().into_array::<i32, ndarray::IxDyn>().unwrap();
    npy::write(&path, a.t()).unwrap();
    assert!(npy::Header::read(&path).unwrap().fortran_order);
    assert_eq!(read(), a.t().into_dyn());
    assert_eq!(read().strides(), a.t().strides());
    for view in [a.slice(s![..;2, 1.., ..;-1]), a.view().permuted_axes([1, 0, 2])] {
        npy::write(&path, view).unwrap();
        assert!(!npy::Header::read(&path).unwrap().fortran_order);
        assert_eq!(read(), view.into_dyn());
    }
    let one = a.slice(s![0, 0, ..]);
    npy::write(&path, one.broadcast((3, 6)).unwrap()).unwrap();
    assert_eq!(read(), one.broadcast((3, 6)).unwrap().into_dyn());
    npy::write(&path, 2.5).unwrap();
    assert_eq!(npy::read(&path).unwrap().into_array::<f64, ndarray::Ix0>().unwrap().into_scalar(), 2.5);
    // The file's elements stand at any address of what is mapped.
    let bytes = [b"x", &7.5f64.to_ne_bytes()[..]].concat();
    // SAFETY: eight bytes of it.
    npy::write(&path, unsafe { View::from_raw(bytes[1..].as_ptr(), DType::F64, &[1], &[8]) }).unwrap();
    assert_eq!(npy::read(&path).unwrap().into_vec::<f64>().unwrap(), [7.5]);
}

#[test]
fn versions_orders_and_odd_places() {
    let folder = Folder::new();
    for version in [1, 2, 3] {
        for pad in ["", "  ", "                                "] {
            let text = format!("{pad}{}", dictionary(">i4", true, "(2, 3)"));
            let elements: Vec<u8> = (1..7i32).flat_map(i32::to_be_bytes).collect();
            let path = folder.put("a.npy", versioned(version, &text, &elements));
            let a: Array2<i32> = npy::read(&path).unwrap().into_array().unwrap();
            assert_eq!(a, array![[1, 3, 5], [2, 4, 6]]);
            let header = npy::Header::read(&path).unwrap();
            assert!(header.swapped && header.fortran_order);
            let elements: Vec<u8> = [1.5f64, -2.0].into_iter().flat_map(f64::to_le_bytes).collect();
            let text = format!("{}{pad}", dictionary("<c16", false, "()").trim_end());
            let path = folder.put("a.npy", versioned(version, &text, &elements));
            let z: ndarray::Array0<Complex<f64>> = npy::read(&path).unwrap().into_array().unwrap();
            assert_eq!(z.into_scalar(), Complex::new(1.5, -2.0));
            // SAFETY: this test alone knows of the file.
            let map = unsafe { npy::Map::open(&path).unwrap() };
            assert_eq!(Expr::compile("imag(map)").unwrap().eval::<f64>(args![map]).unwrap(), -2.0);
        }
    }
    // Any byte is a bool.
    let path = folder.put("b.npy", versioned(1, &dictionary("?", false, "(3,)"), &[0, 2, 255]));
    assert_eq!(npy::read(path).unwrap().into_vec::<bool>().unwrap(), [false, true, true]);
}

#[test]
fn the_bytes_are_those_that_numpy_writes() {
    let folder = Folder::new();
    let path = folder.path("a.npy");
    // np.save('a.npy', np.array([[1, 2, 3]], 'i2')), NumPy 2.4
    npy::write(&path, &array![[1i16, 2, 3]]).unwrap();
    let text = "{'descr': '<i2', 'fortran_order': False, 'shape': (1, 3), }";
    let expected = [b"\x93NUMPY\x01\x00\x76\x00", format!("{text:117}\n").as_bytes(), &[1, 0, 2, 0, 3, 0]].concat();
    assert_eq!(std::fs::read(&path).unwrap(), expected);
}

#[test]
#[cfg(unix)]
fn what_is_replaced_keeps_its_permissions_and_its_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new();
    let (path, link) = (folder.put("a.npy", "old"), folder.path("link.npy"));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    symlink(&path, &link).unwrap();
    npy::write(&link, &[1.0]).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(npy::read(&path).unwrap().into_vec::<f64>().unwrap(), [1.0]);
    assert_eq!(folder.names(), ["a.npy", "link.npy"]);
}
