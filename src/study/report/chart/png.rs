//! A figure as PNG: its SVG, rasterised with a font that comes with the program.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::data::files::write_bytes;
use crate::error::{Error, Result};
use crate::input_error;
use crate::study::report::chart::model::Chart;

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(include_bytes!("../../../../data/fonts/DejaVuSans.ttf").to_vec());
    fonts.load_font_data(include_bytes!("../../../../data/fonts/DejaVuSans-Bold.ttf").to_vec());
    Arc::new(fonts)
});

impl Chart {
    /// The figure of a file as PNG bytes, with `scale` device pixels per pixel of the SVG.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] when the scale is not between 0.1 and 10.
    pub fn file_png(&self, scale: f32) -> Result<Vec<u8>> {
        if !(0.1..=10.0).contains(&scale) {
            return Err(input_error!(
                "the scale of a figure must be between 0.1 and 10, but it is {scale}"
            ));
        }
        let failed = |problem: String| {
            Error::Output(format!("the figure could not be drawn as PNG: {problem}"))
        };
        let options = Options { fontdb: FONTS.clone(), ..Options::default() };
        let tree = Tree::from_str(&self.file_svg(), &options);
        let tree = tree.map_err(|error| failed(error.to_string()))?;
        let size = tree.size().to_int_size().scale_by(scale);
        let pixels = size.and_then(|size| Pixmap::new(size.width(), size.height()));
        let mut pixels = pixels.ok_or_else(|| failed("it has no pixels".to_owned()))?;
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
        pixels.encode_png().map_err(|error| failed(error.to_string()))
    }

    /// Writes `<stem>.svg` and `<stem>.png` into a folder, each atomically; the PNG is 2400 pixels
    /// wide.
    ///
    /// # Errors
    ///
    /// [`Error::Output`] with the path of the file that cannot be written.
    pub fn write(&self, folder: &Path, stem: &str) -> Result<()> {
        write_bytes(&folder.join(format!("{stem}.svg")), self.file_svg().as_bytes())?;
        write_bytes(&folder.join(format!("{stem}.png")), &self.file_png(2.4)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pixels of the heading are dark.
    fn dark(title: &str) -> usize {
        let chart = Chart { title: title.to_owned(), ..Chart::default() };
        let pixels = Pixmap::decode_png(&chart.file_png(1.0).unwrap()).unwrap();
        pixels.pixels().iter().filter(|pixel| pixel.red() < 128).count()
    }

    #[test]
    fn texts_are_drawn_with_the_font_of_the_program() {
        assert_eq!(dark(""), 0);
        for title in ["Omega_m", "σ₈", "Ω_ν ≤ 10⁻³", "длина"] {
            assert!(dark(title) > 100, "'{title}' has {} dark pixels", dark(title));
        }
    }
}
