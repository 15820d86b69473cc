//! How the Quijote simulations (arXiv 1909.05273) are published.

use crate::data::conventions::FolderLayout;

/// Power spectra of matter at redshift 0: `<root>/<i>/Pk_m_z=0.txt` with the columns k in h/Mpc and
/// P in (Mpc/h)^3.
pub(crate) const POWER_SPECTRA: FolderLayout = FolderLayout {
    file: "Pk_m_z=0.txt",
    columns: ["k", "P"],
    axis_name: "k [h/Mpc]",
    help: "power spectra of the Quijote simulations at redshift 0",
};
