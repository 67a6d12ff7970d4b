//! Histograms and scans over files: the bits of one call on whole arrays.

use tilexpr::{AnyArray, Expr, FileErrorKind, npy};

use super::Folder;
use super::common::rng::Rng;
use super::stream::check_all;

#[test]
fn counts_of_pieces_add_up() {
    let mut rng = Rng::new(11);
    let texts = [
        "histogram(a, 10, -1, 1)",
        "histogram(a - mean(a), 7, -2, 2), sum(a)",
        "histogram(a, 5, min(a), max(a) + 1), histogram(b, 3, 0, 1)",
        "histogram((a - mean(a))/(std(a) + 1), 100, -3, 3)",
        "h = histogram(a, 16, -1, 1); h/sum(h), sum(h), cumsum(h)",
        "sum(histogram(a*b, 4, -9, 9)), mean(histogram(a, 4, -9, 9))",
        "bincount(i64(a), 20), bincount(u8(abs(a)), 256)",
        "bincount(a > 0, 2), a*sum(bincount(a > 0, 2))",
        "where(a < argmax(histogram(a, 9, -1, 1)), a, b)",
        "histogram(a, 700, -1, 1)",
        "histogram(cumsum(histogram(a, 50, -5, 5)), 5, 0, 1000)",
        "histogram(3, 4, 0, 8), a*sum(histogram(3, 4, 0, 8))",
    ];
    for n in [1, 511, 513, 5000] {
        assert_eq!(check_all(&texts, &[("a", &[n]), ("b", &[n])], &mut rng), 0);
    }
    check_all(&texts, &[("a", &[0]), ("b", &[0])], &mut rng);
    // As many counts as there are rows.
    let texts = ["a + histogram(a, 3000, -1, 1), b*bincount(u8(abs(a)), 3000)"];
    assert_eq!(check_all(&texts, &[("a", &[3000]), ("b", &[3000])], &mut rng), 0);
}

#[test]
fn counts_of_tables() {
    let mut rng = Rng::new(12);
    let texts = [
        "histogram(a, 10, -1, 1), bincount(i32(a), 9)",
        "histogram(a - mean(a, axis=0), 12, -3, 3), mean(a, axis=0)",
        "histogram(a - mean(a, axis=1, keepdims=True), 12, -3, 3)",
        "histogram(a*row + col, 12, mean(a) - 1, mean(a) + 1)",
        "histogram(row, 5, -1, 1), histogram(sum(a, axis=1), 5, -10, 10), histogram(col, 5, -1, 1)",
        "histogram(a, 10, -1, 1), sum(a), max(a, axis=0)",
        "a*sum(histogram(a, 3, -1, 1)), sum(a, axis=1)",
        "histogram(cumsum(a, axis=1), 6, -5, 5)",
    ];
    for [n, m] in [[100, 3], [700, 7], [32, 256], [1, 3000], [3000, 1], [40, 33], [5, 0], [0, 5]] {
        let shapes: [(&str, &[usize]); 4] = [("a", &[n, m]), ("b", &[n, m]), ("row", &[m]), ("col", &[n, 1])];
        assert_eq!(check_all(&texts, &shapes, &mut rng), 0, "{n} {m}");
    }
}

#[test]
fn scans_within_rows() {
    let mut rng = Rng::new(13);
    let texts = [
        "cumsum(a, axis=1), cumprod(1 + a/1000, axis=-1)",
        "cummax(a, axis=1) - cummin(a, axis=-1)",
        "sum(cumsum(a, axis=1)), cumsum(a, axis=1)/sum(a, axis=1, keepdims=True)",
        "cumsum(a - mean(a), axis=1)*row",
        "cumsum(cumsum(a*b, axis=1), axis=1), max(cumsum(a, axis=1), axis=0)",
        "cumprod(a/1000 + 1j*row/1000, axis=1)",
        "mean(cumsum(a, axis=1), axis=1), sum(cumsum(col*a, axis=1))",
        "cumsum(sum(a, axis=0)), cumsum(mean(a, axis=1)), cumsum(sum(a)), a*cumsum(sum(a, axis=0))",
        "cumprod(1 + cumsum(max(real(a), axis=1))/1e6)*sum(a, axis=1), a + cumsum(sum(a, axis=1, keepdims=True), axis=0)",
        "cumsum(a, axis=1, dtype=c128), sum(cumsum(a, axis=-1, dtype=f64)**2)",
    ];
    for [n, m] in [[100, 3], [700, 7], [32, 256], [30, 1030], [1, 3000], [3000, 1], [40, 33], [5, 0], [0, 5]] {
        let shapes: [(&str, &[usize]); 4] = [("a", &[n, m]), ("b", &[n, m]), ("row", &[m]), ("col", &[n, 1])];
        assert_eq!(check_all(&texts, &shapes, &mut rng), 0, "{n} {m}");
    }
    let texts = ["cumsum(a, axis=1), cumsum(a, axis=2)", "cumsum(sum(a, axis=-1), axis=1)", "b + cumsum(a, axis=1)"];
    for [n, m, k] in [[50, 3, 7], [7, 16, 4], [6, 5, 300]] {
        assert_eq!(check_all(&texts, &[("a", &[n, m, k]), ("b", &[n, m, k])], &mut rng), 0);
    }
    // What a scan of rows leaves, repeated.
    assert_eq!(check_all(&["b + cumsum(a, axis=1)"], &[("a", &[30, 20]), ("b", &[5, 30, 20])], &mut rng), 0);
}

#[test]
fn scans_that_go_on_from_piece_to_piece() {
    let folder = Folder::new();
    let [a, z] = ["a.npy", "z.npy"].map(|name| folder.path(name));
    npy::write(&a, &ndarray::Array2::<f64>::ones((50, 40))).unwrap();
    for (text, caret) in [
        ("cumsum(a)", "^^^^^^^^^"),
        ("sum(cumprod(a, axis=0))", "^^^^^^^^^^^^^^^^^^"),
        ("cumsum(sum(a)*a, axis=-2)", "^^^^^^^^^^^^^^^^^^^^^^^^^"),
        ("1 + cumsum(mean(a, axis=1, keepdims=True) + a)", "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"),
        ("cumsum(cumsum(a, axis=1), axis=0)", "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"),
    ] {
        let e = Expr::compile(text).unwrap();
        let error = e.stream().file("a", &a).output(&z).run::<Vec<AnyArray>>().unwrap_err();
        assert_eq!(error.kind(), FileErrorKind::Unsupported, "{text}: {error}");
        let shown = error.to_string();
        assert!(shown.contains("this scan goes on from row to row") && shown.contains(caret), "{shown}");
        assert!(!shown.contains(&format!("{caret}^")), "{shown}");
    }
    for text in ["sum(index(a, 0)*a)", "a + index(a)", "index(a, 1) + a"] {
        let error = Expr::compile(text).unwrap().stream().file("a", &a).output(&z).run::<Vec<AnyArray>>().unwrap_err();
        assert_eq!(error.kind(), FileErrorKind::Unsupported, "{text}: {error}");
        let shown = error.to_string();
        assert!(shown.contains("counts on from piece to piece") && shown.contains("^^^^^^^^"), "{shown}");
    }
    assert_eq!(folder.names(), ["a.npy"]);
}

/// More counts than a piece has bytes.
#[test]
fn counts_larger_than_pieces() {
    let folder = Folder::new();
    let a = folder.path("a.npy");
    let values: Vec<i32> = (0..700_000).map(|i| i * 7 % 1_000_003).collect();
    npy::write(&a, &values).unwrap();
    let e = Expr::compile("bincount(a, 1_000_003)").unwrap();
    let counts: Vec<i64> = e.stream().file("a", &a).run().unwrap();
    let mut right = vec![0; 1_000_003];
    values.iter().for_each(|&x| right[x as usize] += 1);
    assert!(counts == right);
    let error = e.stream().file("a", &a).memory_limit(1 << 20).run::<Vec<i64>>().unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::Memory);
}

/// The bounds of a histogram are data.
#[test]
fn bounds_that_are_none() {
    let folder = Folder::new();
    let a = folder.path("a.npy");
    npy::write(&a, &vec![1.0; 5000]).unwrap();
    let e = Expr::compile("histogram(a, 5, mean(a), max(a))").unwrap();
    let error = e.stream().file("a", &a).piece(4096).run::<Vec<i64>>().unwrap_err();
    let whole = e.eval::<Vec<i64>>(tilexpr::args![a = &vec![1.0; 5000]]).unwrap_err();
    assert_eq!(error.eval().map(ToString::to_string), Some(whole.to_string()));
}
