//! The instructions that are used, one row each: for each size of vectors and each encoding its code.
//!
//! A row's number is the size of the elements that an operand in memory may be broadcast from: 4 or 8 bytes, or 0 where it may not;
//! then follow whether its last operand may be in memory, and the registers of its operands, a digit each: 0 of the row's size, 1 half of
//! that, 2 the smallest; 3 and 4 general registers of 4 and 8 bytes. (A mask is a mask.)

use iced_x86::{Code, Register};

/// How instructions are encoded, and with what registers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Encoding {
    /// AVX2 and FMA: 16 vector registers, masks in lanes.
    Vex,
    /// AVX-512 F, DQ, VL and BW: 32 vector registers, mask registers.
    Evex,
}

/// The size of a vector register, or of the part of one that an instruction works on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Size {
    /// 16 bytes.
    X,
    /// 32 bytes.
    Y,
    /// 64 bytes.
    Z,
}

impl Size {
    pub fn bytes(self) -> usize {
        16 << self as usize
    }

    /// The smallest that has so many bytes.
    pub fn of(bytes: usize) -> Size {
        match bytes {
            0..=16 => Size::X,
            17..=32 => Size::Y,
            _ => Size::Z,
        }
    }
}

macro_rules! rows {
    ($($row:ident $broadcast:literal $memory:literal $shape:literal [$z:ident $y:ident $x:ident $vy:ident $vx:ident];)*) => {
        /// An instruction, whatever its size and encoding. The names are the manual's without the `V`; `Store` is the form whose
        /// first operand is memory, `I` that with a count in the instruction, `Gpr` that with a general register.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Row { $($row,)* }

        static CODES: &[[Code; 5]] = &[$([Code::$z, Code::$y, Code::$x, Code::$vy, Code::$vx],)*];
        static BROADCASTS: &[u8] = &[$($broadcast,)*];
        static MEMORY: &[bool] = &[$($memory,)*];
        static SHAPES: &[&[u8]] = &[$($shape.as_bytes(),)*];
    };
}

#[rustfmt::skip]
rows! {
    // Floats.
    Addps 4 true "000" [EVEX_Vaddps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vaddps_ymm_k1z_ymm_ymmm256b32 EVEX_Vaddps_xmm_k1z_xmm_xmmm128b32 VEX_Vaddps_ymm_ymm_ymmm256 VEX_Vaddps_xmm_xmm_xmmm128];
    Addpd 8 true "000" [EVEX_Vaddpd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vaddpd_ymm_k1z_ymm_ymmm256b64 EVEX_Vaddpd_xmm_k1z_xmm_xmmm128b64 VEX_Vaddpd_ymm_ymm_ymmm256 VEX_Vaddpd_xmm_xmm_xmmm128];
    Subps 4 true "000" [EVEX_Vsubps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vsubps_ymm_k1z_ymm_ymmm256b32 EVEX_Vsubps_xmm_k1z_xmm_xmmm128b32 VEX_Vsubps_ymm_ymm_ymmm256 VEX_Vsubps_xmm_xmm_xmmm128];
    Subpd 8 true "000" [EVEX_Vsubpd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vsubpd_ymm_k1z_ymm_ymmm256b64 EVEX_Vsubpd_xmm_k1z_xmm_xmmm128b64 VEX_Vsubpd_ymm_ymm_ymmm256 VEX_Vsubpd_xmm_xmm_xmmm128];
    Mulps 4 true "000" [EVEX_Vmulps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vmulps_ymm_k1z_ymm_ymmm256b32 EVEX_Vmulps_xmm_k1z_xmm_xmmm128b32 VEX_Vmulps_ymm_ymm_ymmm256 VEX_Vmulps_xmm_xmm_xmmm128];
    Mulpd 8 true "000" [EVEX_Vmulpd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vmulpd_ymm_k1z_ymm_ymmm256b64 EVEX_Vmulpd_xmm_k1z_xmm_xmmm128b64 VEX_Vmulpd_ymm_ymm_ymmm256 VEX_Vmulpd_xmm_xmm_xmmm128];
    Divps 4 true "000" [EVEX_Vdivps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vdivps_ymm_k1z_ymm_ymmm256b32 EVEX_Vdivps_xmm_k1z_xmm_xmmm128b32 VEX_Vdivps_ymm_ymm_ymmm256 VEX_Vdivps_xmm_xmm_xmmm128];
    Divpd 8 true "000" [EVEX_Vdivpd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vdivpd_ymm_k1z_ymm_ymmm256b64 EVEX_Vdivpd_xmm_k1z_xmm_xmmm128b64 VEX_Vdivpd_ymm_ymm_ymmm256 VEX_Vdivpd_xmm_xmm_xmmm128];
    Minps 4 true "000" [EVEX_Vminps_zmm_k1z_zmm_zmmm512b32_sae EVEX_Vminps_ymm_k1z_ymm_ymmm256b32 EVEX_Vminps_xmm_k1z_xmm_xmmm128b32 VEX_Vminps_ymm_ymm_ymmm256 VEX_Vminps_xmm_xmm_xmmm128];
    Minpd 8 true "000" [EVEX_Vminpd_zmm_k1z_zmm_zmmm512b64_sae EVEX_Vminpd_ymm_k1z_ymm_ymmm256b64 EVEX_Vminpd_xmm_k1z_xmm_xmmm128b64 VEX_Vminpd_ymm_ymm_ymmm256 VEX_Vminpd_xmm_xmm_xmmm128];
    Maxps 4 true "000" [EVEX_Vmaxps_zmm_k1z_zmm_zmmm512b32_sae EVEX_Vmaxps_ymm_k1z_ymm_ymmm256b32 EVEX_Vmaxps_xmm_k1z_xmm_xmmm128b32 VEX_Vmaxps_ymm_ymm_ymmm256 VEX_Vmaxps_xmm_xmm_xmmm128];
    Maxpd 8 true "000" [EVEX_Vmaxpd_zmm_k1z_zmm_zmmm512b64_sae EVEX_Vmaxpd_ymm_k1z_ymm_ymmm256b64 EVEX_Vmaxpd_xmm_k1z_xmm_xmmm128b64 VEX_Vmaxpd_ymm_ymm_ymmm256 VEX_Vmaxpd_xmm_xmm_xmmm128];
    Sqrtps 4 true "00" [EVEX_Vsqrtps_zmm_k1z_zmmm512b32_er EVEX_Vsqrtps_ymm_k1z_ymmm256b32 EVEX_Vsqrtps_xmm_k1z_xmmm128b32 VEX_Vsqrtps_ymm_ymmm256 VEX_Vsqrtps_xmm_xmmm128];
    Sqrtpd 8 true "00" [EVEX_Vsqrtpd_zmm_k1z_zmmm512b64_er EVEX_Vsqrtpd_ymm_k1z_ymmm256b64 EVEX_Vsqrtpd_xmm_k1z_xmmm128b64 VEX_Vsqrtpd_ymm_ymmm256 VEX_Vsqrtpd_xmm_xmmm128];
    Roundps 4 true "00" [EVEX_Vrndscaleps_zmm_k1z_zmmm512b32_imm8_sae EVEX_Vrndscaleps_ymm_k1z_ymmm256b32_imm8 EVEX_Vrndscaleps_xmm_k1z_xmmm128b32_imm8 VEX_Vroundps_ymm_ymmm256_imm8 VEX_Vroundps_xmm_xmmm128_imm8];
    Roundpd 8 true "00" [EVEX_Vrndscalepd_zmm_k1z_zmmm512b64_imm8_sae EVEX_Vrndscalepd_ymm_k1z_ymmm256b64_imm8 EVEX_Vrndscalepd_xmm_k1z_xmmm128b64_imm8 VEX_Vroundpd_ymm_ymmm256_imm8 VEX_Vroundpd_xmm_xmmm128_imm8];
    Rangeps 4 true "000" [EVEX_Vrangeps_zmm_k1z_zmm_zmmm512b32_imm8_sae EVEX_Vrangeps_ymm_k1z_ymm_ymmm256b32_imm8 EVEX_Vrangeps_xmm_k1z_xmm_xmmm128b32_imm8 INVALID INVALID];
    Rangepd 8 true "000" [EVEX_Vrangepd_zmm_k1z_zmm_zmmm512b64_imm8_sae EVEX_Vrangepd_ymm_k1z_ymm_ymmm256b64_imm8 EVEX_Vrangepd_xmm_k1z_xmm_xmmm128b64_imm8 INVALID INVALID];
    Cmpps 4 true "000" [EVEX_Vcmpps_kr_k1_zmm_zmmm512b32_imm8_sae EVEX_Vcmpps_kr_k1_ymm_ymmm256b32_imm8 EVEX_Vcmpps_kr_k1_xmm_xmmm128b32_imm8 VEX_Vcmpps_ymm_ymm_ymmm256_imm8 VEX_Vcmpps_xmm_xmm_xmmm128_imm8];
    Cmppd 8 true "000" [EVEX_Vcmppd_kr_k1_zmm_zmmm512b64_imm8_sae EVEX_Vcmppd_kr_k1_ymm_ymmm256b64_imm8 EVEX_Vcmppd_kr_k1_xmm_xmmm128b64_imm8 VEX_Vcmppd_ymm_ymm_ymmm256_imm8 VEX_Vcmppd_xmm_xmm_xmmm128_imm8];
    Fmadd132ps 4 true "000" [EVEX_Vfmadd132ps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vfmadd132ps_ymm_k1z_ymm_ymmm256b32 EVEX_Vfmadd132ps_xmm_k1z_xmm_xmmm128b32 VEX_Vfmadd132ps_ymm_ymm_ymmm256 VEX_Vfmadd132ps_xmm_xmm_xmmm128];
    Fmadd213ps 4 true "000" [EVEX_Vfmadd213ps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vfmadd213ps_ymm_k1z_ymm_ymmm256b32 EVEX_Vfmadd213ps_xmm_k1z_xmm_xmmm128b32 VEX_Vfmadd213ps_ymm_ymm_ymmm256 VEX_Vfmadd213ps_xmm_xmm_xmmm128];
    Fmadd231ps 4 true "000" [EVEX_Vfmadd231ps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vfmadd231ps_ymm_k1z_ymm_ymmm256b32 EVEX_Vfmadd231ps_xmm_k1z_xmm_xmmm128b32 VEX_Vfmadd231ps_ymm_ymm_ymmm256 VEX_Vfmadd231ps_xmm_xmm_xmmm128];
    Fmadd132pd 8 true "000" [EVEX_Vfmadd132pd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vfmadd132pd_ymm_k1z_ymm_ymmm256b64 EVEX_Vfmadd132pd_xmm_k1z_xmm_xmmm128b64 VEX_Vfmadd132pd_ymm_ymm_ymmm256 VEX_Vfmadd132pd_xmm_xmm_xmmm128];
    Fmadd213pd 8 true "000" [EVEX_Vfmadd213pd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vfmadd213pd_ymm_k1z_ymm_ymmm256b64 EVEX_Vfmadd213pd_xmm_k1z_xmm_xmmm128b64 VEX_Vfmadd213pd_ymm_ymm_ymmm256 VEX_Vfmadd213pd_xmm_xmm_xmmm128];
    Fmadd231pd 8 true "000" [EVEX_Vfmadd231pd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vfmadd231pd_ymm_k1z_ymm_ymmm256b64 EVEX_Vfmadd231pd_xmm_k1z_xmm_xmmm128b64 VEX_Vfmadd231pd_ymm_ymm_ymmm256 VEX_Vfmadd231pd_xmm_xmm_xmmm128];
    Fmsub132ps 4 true "000" [EVEX_Vfmsub132ps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vfmsub132ps_ymm_k1z_ymm_ymmm256b32 EVEX_Vfmsub132ps_xmm_k1z_xmm_xmmm128b32 VEX_Vfmsub132ps_ymm_ymm_ymmm256 VEX_Vfmsub132ps_xmm_xmm_xmmm128];
    Fmsub213ps 4 true "000" [EVEX_Vfmsub213ps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vfmsub213ps_ymm_k1z_ymm_ymmm256b32 EVEX_Vfmsub213ps_xmm_k1z_xmm_xmmm128b32 VEX_Vfmsub213ps_ymm_ymm_ymmm256 VEX_Vfmsub213ps_xmm_xmm_xmmm128];
    Fmsub231ps 4 true "000" [EVEX_Vfmsub231ps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vfmsub231ps_ymm_k1z_ymm_ymmm256b32 EVEX_Vfmsub231ps_xmm_k1z_xmm_xmmm128b32 VEX_Vfmsub231ps_ymm_ymm_ymmm256 VEX_Vfmsub231ps_xmm_xmm_xmmm128];
    Fmsub132pd 8 true "000" [EVEX_Vfmsub132pd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vfmsub132pd_ymm_k1z_ymm_ymmm256b64 EVEX_Vfmsub132pd_xmm_k1z_xmm_xmmm128b64 VEX_Vfmsub132pd_ymm_ymm_ymmm256 VEX_Vfmsub132pd_xmm_xmm_xmmm128];
    Fmsub213pd 8 true "000" [EVEX_Vfmsub213pd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vfmsub213pd_ymm_k1z_ymm_ymmm256b64 EVEX_Vfmsub213pd_xmm_k1z_xmm_xmmm128b64 VEX_Vfmsub213pd_ymm_ymm_ymmm256 VEX_Vfmsub213pd_xmm_xmm_xmmm128];
    Fmsub231pd 8 true "000" [EVEX_Vfmsub231pd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vfmsub231pd_ymm_k1z_ymm_ymmm256b64 EVEX_Vfmsub231pd_xmm_k1z_xmm_xmmm128b64 VEX_Vfmsub231pd_ymm_ymm_ymmm256 VEX_Vfmsub231pd_xmm_xmm_xmmm128];
    Fnmadd132ps 4 true "000" [EVEX_Vfnmadd132ps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vfnmadd132ps_ymm_k1z_ymm_ymmm256b32 EVEX_Vfnmadd132ps_xmm_k1z_xmm_xmmm128b32 VEX_Vfnmadd132ps_ymm_ymm_ymmm256 VEX_Vfnmadd132ps_xmm_xmm_xmmm128];
    Fnmadd213ps 4 true "000" [EVEX_Vfnmadd213ps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vfnmadd213ps_ymm_k1z_ymm_ymmm256b32 EVEX_Vfnmadd213ps_xmm_k1z_xmm_xmmm128b32 VEX_Vfnmadd213ps_ymm_ymm_ymmm256 VEX_Vfnmadd213ps_xmm_xmm_xmmm128];
    Fnmadd231ps 4 true "000" [EVEX_Vfnmadd231ps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vfnmadd231ps_ymm_k1z_ymm_ymmm256b32 EVEX_Vfnmadd231ps_xmm_k1z_xmm_xmmm128b32 VEX_Vfnmadd231ps_ymm_ymm_ymmm256 VEX_Vfnmadd231ps_xmm_xmm_xmmm128];
    Fnmadd132pd 8 true "000" [EVEX_Vfnmadd132pd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vfnmadd132pd_ymm_k1z_ymm_ymmm256b64 EVEX_Vfnmadd132pd_xmm_k1z_xmm_xmmm128b64 VEX_Vfnmadd132pd_ymm_ymm_ymmm256 VEX_Vfnmadd132pd_xmm_xmm_xmmm128];
    Fnmadd213pd 8 true "000" [EVEX_Vfnmadd213pd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vfnmadd213pd_ymm_k1z_ymm_ymmm256b64 EVEX_Vfnmadd213pd_xmm_k1z_xmm_xmmm128b64 VEX_Vfnmadd213pd_ymm_ymm_ymmm256 VEX_Vfnmadd213pd_xmm_xmm_xmmm128];
    Fnmadd231pd 8 true "000" [EVEX_Vfnmadd231pd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vfnmadd231pd_ymm_k1z_ymm_ymmm256b64 EVEX_Vfnmadd231pd_xmm_k1z_xmm_xmmm128b64 VEX_Vfnmadd231pd_ymm_ymm_ymmm256 VEX_Vfnmadd231pd_xmm_xmm_xmmm128];
    Fnmsub132ps 4 true "000" [EVEX_Vfnmsub132ps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vfnmsub132ps_ymm_k1z_ymm_ymmm256b32 EVEX_Vfnmsub132ps_xmm_k1z_xmm_xmmm128b32 VEX_Vfnmsub132ps_ymm_ymm_ymmm256 VEX_Vfnmsub132ps_xmm_xmm_xmmm128];
    Fnmsub213ps 4 true "000" [EVEX_Vfnmsub213ps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vfnmsub213ps_ymm_k1z_ymm_ymmm256b32 EVEX_Vfnmsub213ps_xmm_k1z_xmm_xmmm128b32 VEX_Vfnmsub213ps_ymm_ymm_ymmm256 VEX_Vfnmsub213ps_xmm_xmm_xmmm128];
    Fnmsub231ps 4 true "000" [EVEX_Vfnmsub231ps_zmm_k1z_zmm_zmmm512b32_er EVEX_Vfnmsub231ps_ymm_k1z_ymm_ymmm256b32 EVEX_Vfnmsub231ps_xmm_k1z_xmm_xmmm128b32 VEX_Vfnmsub231ps_ymm_ymm_ymmm256 VEX_Vfnmsub231ps_xmm_xmm_xmmm128];
    Fnmsub132pd 8 true "000" [EVEX_Vfnmsub132pd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vfnmsub132pd_ymm_k1z_ymm_ymmm256b64 EVEX_Vfnmsub132pd_xmm_k1z_xmm_xmmm128b64 VEX_Vfnmsub132pd_ymm_ymm_ymmm256 VEX_Vfnmsub132pd_xmm_xmm_xmmm128];
    Fnmsub213pd 8 true "000" [EVEX_Vfnmsub213pd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vfnmsub213pd_ymm_k1z_ymm_ymmm256b64 EVEX_Vfnmsub213pd_xmm_k1z_xmm_xmmm128b64 VEX_Vfnmsub213pd_ymm_ymm_ymmm256 VEX_Vfnmsub213pd_xmm_xmm_xmmm128];
    Fnmsub231pd 8 true "000" [EVEX_Vfnmsub231pd_zmm_k1z_zmm_zmmm512b64_er EVEX_Vfnmsub231pd_ymm_k1z_ymm_ymmm256b64 EVEX_Vfnmsub231pd_xmm_k1z_xmm_xmmm128b64 VEX_Vfnmsub231pd_ymm_ymm_ymmm256 VEX_Vfnmsub231pd_xmm_xmm_xmmm128];
    // Bits.
    Andps 4 true "000" [EVEX_Vandps_zmm_k1z_zmm_zmmm512b32 EVEX_Vandps_ymm_k1z_ymm_ymmm256b32 EVEX_Vandps_xmm_k1z_xmm_xmmm128b32 VEX_Vandps_ymm_ymm_ymmm256 VEX_Vandps_xmm_xmm_xmmm128];
    Andpd 8 true "000" [EVEX_Vandpd_zmm_k1z_zmm_zmmm512b64 EVEX_Vandpd_ymm_k1z_ymm_ymmm256b64 EVEX_Vandpd_xmm_k1z_xmm_xmmm128b64 VEX_Vandpd_ymm_ymm_ymmm256 VEX_Vandpd_xmm_xmm_xmmm128];
    Orps 4 true "000" [EVEX_Vorps_zmm_k1z_zmm_zmmm512b32 EVEX_Vorps_ymm_k1z_ymm_ymmm256b32 EVEX_Vorps_xmm_k1z_xmm_xmmm128b32 VEX_Vorps_ymm_ymm_ymmm256 VEX_Vorps_xmm_xmm_xmmm128];
    Orpd 8 true "000" [EVEX_Vorpd_zmm_k1z_zmm_zmmm512b64 EVEX_Vorpd_ymm_k1z_ymm_ymmm256b64 EVEX_Vorpd_xmm_k1z_xmm_xmmm128b64 VEX_Vorpd_ymm_ymm_ymmm256 VEX_Vorpd_xmm_xmm_xmmm128];
    Xorps 4 true "000" [EVEX_Vxorps_zmm_k1z_zmm_zmmm512b32 EVEX_Vxorps_ymm_k1z_ymm_ymmm256b32 EVEX_Vxorps_xmm_k1z_xmm_xmmm128b32 VEX_Vxorps_ymm_ymm_ymmm256 VEX_Vxorps_xmm_xmm_xmmm128];
    Xorpd 8 true "000" [EVEX_Vxorpd_zmm_k1z_zmm_zmmm512b64 EVEX_Vxorpd_ymm_k1z_ymm_ymmm256b64 EVEX_Vxorpd_xmm_k1z_xmm_xmmm128b64 VEX_Vxorpd_ymm_ymm_ymmm256 VEX_Vxorpd_xmm_xmm_xmmm128];
    Pandd 4 true "000" [EVEX_Vpandd_zmm_k1z_zmm_zmmm512b32 EVEX_Vpandd_ymm_k1z_ymm_ymmm256b32 EVEX_Vpandd_xmm_k1z_xmm_xmmm128b32 VEX_Vpand_ymm_ymm_ymmm256 VEX_Vpand_xmm_xmm_xmmm128];
    Pandq 8 true "000" [EVEX_Vpandq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpandq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpandq_xmm_k1z_xmm_xmmm128b64 VEX_Vpand_ymm_ymm_ymmm256 VEX_Vpand_xmm_xmm_xmmm128];
    Pandnd 4 true "000" [EVEX_Vpandnd_zmm_k1z_zmm_zmmm512b32 EVEX_Vpandnd_ymm_k1z_ymm_ymmm256b32 EVEX_Vpandnd_xmm_k1z_xmm_xmmm128b32 VEX_Vpandn_ymm_ymm_ymmm256 VEX_Vpandn_xmm_xmm_xmmm128];
    Pandnq 8 true "000" [EVEX_Vpandnq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpandnq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpandnq_xmm_k1z_xmm_xmmm128b64 VEX_Vpandn_ymm_ymm_ymmm256 VEX_Vpandn_xmm_xmm_xmmm128];
    Pord 4 true "000" [EVEX_Vpord_zmm_k1z_zmm_zmmm512b32 EVEX_Vpord_ymm_k1z_ymm_ymmm256b32 EVEX_Vpord_xmm_k1z_xmm_xmmm128b32 VEX_Vpor_ymm_ymm_ymmm256 VEX_Vpor_xmm_xmm_xmmm128];
    Porq 8 true "000" [EVEX_Vporq_zmm_k1z_zmm_zmmm512b64 EVEX_Vporq_ymm_k1z_ymm_ymmm256b64 EVEX_Vporq_xmm_k1z_xmm_xmmm128b64 VEX_Vpor_ymm_ymm_ymmm256 VEX_Vpor_xmm_xmm_xmmm128];
    Pxord 4 true "000" [EVEX_Vpxord_zmm_k1z_zmm_zmmm512b32 EVEX_Vpxord_ymm_k1z_ymm_ymmm256b32 EVEX_Vpxord_xmm_k1z_xmm_xmmm128b32 VEX_Vpxor_ymm_ymm_ymmm256 VEX_Vpxor_xmm_xmm_xmmm128];
    Pxorq 8 true "000" [EVEX_Vpxorq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpxorq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpxorq_xmm_k1z_xmm_xmmm128b64 VEX_Vpxor_ymm_ymm_ymmm256 VEX_Vpxor_xmm_xmm_xmmm128];
    Pternlogd 4 true "000" [EVEX_Vpternlogd_zmm_k1z_zmm_zmmm512b32_imm8 EVEX_Vpternlogd_ymm_k1z_ymm_ymmm256b32_imm8 EVEX_Vpternlogd_xmm_k1z_xmm_xmmm128b32_imm8 INVALID INVALID];
    Pternlogq 8 true "000" [EVEX_Vpternlogq_zmm_k1z_zmm_zmmm512b64_imm8 EVEX_Vpternlogq_ymm_k1z_ymm_ymmm256b64_imm8 EVEX_Vpternlogq_xmm_k1z_xmm_xmmm128b64_imm8 INVALID INVALID];
    // Integers.
    Paddb 0 true "000" [EVEX_Vpaddb_zmm_k1z_zmm_zmmm512 EVEX_Vpaddb_ymm_k1z_ymm_ymmm256 EVEX_Vpaddb_xmm_k1z_xmm_xmmm128 VEX_Vpaddb_ymm_ymm_ymmm256 VEX_Vpaddb_xmm_xmm_xmmm128];
    Paddw 0 true "000" [EVEX_Vpaddw_zmm_k1z_zmm_zmmm512 EVEX_Vpaddw_ymm_k1z_ymm_ymmm256 EVEX_Vpaddw_xmm_k1z_xmm_xmmm128 VEX_Vpaddw_ymm_ymm_ymmm256 VEX_Vpaddw_xmm_xmm_xmmm128];
    Paddd 4 true "000" [EVEX_Vpaddd_zmm_k1z_zmm_zmmm512b32 EVEX_Vpaddd_ymm_k1z_ymm_ymmm256b32 EVEX_Vpaddd_xmm_k1z_xmm_xmmm128b32 VEX_Vpaddd_ymm_ymm_ymmm256 VEX_Vpaddd_xmm_xmm_xmmm128];
    Paddq 8 true "000" [EVEX_Vpaddq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpaddq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpaddq_xmm_k1z_xmm_xmmm128b64 VEX_Vpaddq_ymm_ymm_ymmm256 VEX_Vpaddq_xmm_xmm_xmmm128];
    Psubb 0 true "000" [EVEX_Vpsubb_zmm_k1z_zmm_zmmm512 EVEX_Vpsubb_ymm_k1z_ymm_ymmm256 EVEX_Vpsubb_xmm_k1z_xmm_xmmm128 VEX_Vpsubb_ymm_ymm_ymmm256 VEX_Vpsubb_xmm_xmm_xmmm128];
    Psubw 0 true "000" [EVEX_Vpsubw_zmm_k1z_zmm_zmmm512 EVEX_Vpsubw_ymm_k1z_ymm_ymmm256 EVEX_Vpsubw_xmm_k1z_xmm_xmmm128 VEX_Vpsubw_ymm_ymm_ymmm256 VEX_Vpsubw_xmm_xmm_xmmm128];
    Psubd 4 true "000" [EVEX_Vpsubd_zmm_k1z_zmm_zmmm512b32 EVEX_Vpsubd_ymm_k1z_ymm_ymmm256b32 EVEX_Vpsubd_xmm_k1z_xmm_xmmm128b32 VEX_Vpsubd_ymm_ymm_ymmm256 VEX_Vpsubd_xmm_xmm_xmmm128];
    Psubq 8 true "000" [EVEX_Vpsubq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpsubq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpsubq_xmm_k1z_xmm_xmmm128b64 VEX_Vpsubq_ymm_ymm_ymmm256 VEX_Vpsubq_xmm_xmm_xmmm128];
    Pmullw 0 true "000" [EVEX_Vpmullw_zmm_k1z_zmm_zmmm512 EVEX_Vpmullw_ymm_k1z_ymm_ymmm256 EVEX_Vpmullw_xmm_k1z_xmm_xmmm128 VEX_Vpmullw_ymm_ymm_ymmm256 VEX_Vpmullw_xmm_xmm_xmmm128];
    Pmulld 4 true "000" [EVEX_Vpmulld_zmm_k1z_zmm_zmmm512b32 EVEX_Vpmulld_ymm_k1z_ymm_ymmm256b32 EVEX_Vpmulld_xmm_k1z_xmm_xmmm128b32 VEX_Vpmulld_ymm_ymm_ymmm256 VEX_Vpmulld_xmm_xmm_xmmm128];
    Pmullq 8 true "000" [EVEX_Vpmullq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpmullq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpmullq_xmm_k1z_xmm_xmmm128b64 INVALID INVALID];
    Pmulhw 0 true "000" [EVEX_Vpmulhw_zmm_k1z_zmm_zmmm512 EVEX_Vpmulhw_ymm_k1z_ymm_ymmm256 EVEX_Vpmulhw_xmm_k1z_xmm_xmmm128 VEX_Vpmulhw_ymm_ymm_ymmm256 VEX_Vpmulhw_xmm_xmm_xmmm128];
    Pmulhuw 0 true "000" [EVEX_Vpmulhuw_zmm_k1z_zmm_zmmm512 EVEX_Vpmulhuw_ymm_k1z_ymm_ymmm256 EVEX_Vpmulhuw_xmm_k1z_xmm_xmmm128 VEX_Vpmulhuw_ymm_ymm_ymmm256 VEX_Vpmulhuw_xmm_xmm_xmmm128];
    Pmuludq 8 true "000" [EVEX_Vpmuludq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpmuludq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpmuludq_xmm_k1z_xmm_xmmm128b64 VEX_Vpmuludq_ymm_ymm_ymmm256 VEX_Vpmuludq_xmm_xmm_xmmm128];
    Pmuldq 8 true "000" [EVEX_Vpmuldq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpmuldq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpmuldq_xmm_k1z_xmm_xmmm128b64 VEX_Vpmuldq_ymm_ymm_ymmm256 VEX_Vpmuldq_xmm_xmm_xmmm128];
    Pminsb 0 true "000" [EVEX_Vpminsb_zmm_k1z_zmm_zmmm512 EVEX_Vpminsb_ymm_k1z_ymm_ymmm256 EVEX_Vpminsb_xmm_k1z_xmm_xmmm128 VEX_Vpminsb_ymm_ymm_ymmm256 VEX_Vpminsb_xmm_xmm_xmmm128];
    Pminsw 0 true "000" [EVEX_Vpminsw_zmm_k1z_zmm_zmmm512 EVEX_Vpminsw_ymm_k1z_ymm_ymmm256 EVEX_Vpminsw_xmm_k1z_xmm_xmmm128 VEX_Vpminsw_ymm_ymm_ymmm256 VEX_Vpminsw_xmm_xmm_xmmm128];
    Pminsd 4 true "000" [EVEX_Vpminsd_zmm_k1z_zmm_zmmm512b32 EVEX_Vpminsd_ymm_k1z_ymm_ymmm256b32 EVEX_Vpminsd_xmm_k1z_xmm_xmmm128b32 VEX_Vpminsd_ymm_ymm_ymmm256 VEX_Vpminsd_xmm_xmm_xmmm128];
    Pminsq 8 true "000" [EVEX_Vpminsq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpminsq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpminsq_xmm_k1z_xmm_xmmm128b64 INVALID INVALID];
    Pminub 0 true "000" [EVEX_Vpminub_zmm_k1z_zmm_zmmm512 EVEX_Vpminub_ymm_k1z_ymm_ymmm256 EVEX_Vpminub_xmm_k1z_xmm_xmmm128 VEX_Vpminub_ymm_ymm_ymmm256 VEX_Vpminub_xmm_xmm_xmmm128];
    Pminuw 0 true "000" [EVEX_Vpminuw_zmm_k1z_zmm_zmmm512 EVEX_Vpminuw_ymm_k1z_ymm_ymmm256 EVEX_Vpminuw_xmm_k1z_xmm_xmmm128 VEX_Vpminuw_ymm_ymm_ymmm256 VEX_Vpminuw_xmm_xmm_xmmm128];
    Pminud 4 true "000" [EVEX_Vpminud_zmm_k1z_zmm_zmmm512b32 EVEX_Vpminud_ymm_k1z_ymm_ymmm256b32 EVEX_Vpminud_xmm_k1z_xmm_xmmm128b32 VEX_Vpminud_ymm_ymm_ymmm256 VEX_Vpminud_xmm_xmm_xmmm128];
    Pminuq 8 true "000" [EVEX_Vpminuq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpminuq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpminuq_xmm_k1z_xmm_xmmm128b64 INVALID INVALID];
    Pmaxsb 0 true "000" [EVEX_Vpmaxsb_zmm_k1z_zmm_zmmm512 EVEX_Vpmaxsb_ymm_k1z_ymm_ymmm256 EVEX_Vpmaxsb_xmm_k1z_xmm_xmmm128 VEX_Vpmaxsb_ymm_ymm_ymmm256 VEX_Vpmaxsb_xmm_xmm_xmmm128];
    Pmaxsw 0 true "000" [EVEX_Vpmaxsw_zmm_k1z_zmm_zmmm512 EVEX_Vpmaxsw_ymm_k1z_ymm_ymmm256 EVEX_Vpmaxsw_xmm_k1z_xmm_xmmm128 VEX_Vpmaxsw_ymm_ymm_ymmm256 VEX_Vpmaxsw_xmm_xmm_xmmm128];
    Pmaxsd 4 true "000" [EVEX_Vpmaxsd_zmm_k1z_zmm_zmmm512b32 EVEX_Vpmaxsd_ymm_k1z_ymm_ymmm256b32 EVEX_Vpmaxsd_xmm_k1z_xmm_xmmm128b32 VEX_Vpmaxsd_ymm_ymm_ymmm256 VEX_Vpmaxsd_xmm_xmm_xmmm128];
    Pmaxsq 8 true "000" [EVEX_Vpmaxsq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpmaxsq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpmaxsq_xmm_k1z_xmm_xmmm128b64 INVALID INVALID];
    Pmaxub 0 true "000" [EVEX_Vpmaxub_zmm_k1z_zmm_zmmm512 EVEX_Vpmaxub_ymm_k1z_ymm_ymmm256 EVEX_Vpmaxub_xmm_k1z_xmm_xmmm128 VEX_Vpmaxub_ymm_ymm_ymmm256 VEX_Vpmaxub_xmm_xmm_xmmm128];
    Pmaxuw 0 true "000" [EVEX_Vpmaxuw_zmm_k1z_zmm_zmmm512 EVEX_Vpmaxuw_ymm_k1z_ymm_ymmm256 EVEX_Vpmaxuw_xmm_k1z_xmm_xmmm128 VEX_Vpmaxuw_ymm_ymm_ymmm256 VEX_Vpmaxuw_xmm_xmm_xmmm128];
    Pmaxud 4 true "000" [EVEX_Vpmaxud_zmm_k1z_zmm_zmmm512b32 EVEX_Vpmaxud_ymm_k1z_ymm_ymmm256b32 EVEX_Vpmaxud_xmm_k1z_xmm_xmmm128b32 VEX_Vpmaxud_ymm_ymm_ymmm256 VEX_Vpmaxud_xmm_xmm_xmmm128];
    Pmaxuq 8 true "000" [EVEX_Vpmaxuq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpmaxuq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpmaxuq_xmm_k1z_xmm_xmmm128b64 INVALID INVALID];
    Pabsb 0 true "00" [EVEX_Vpabsb_zmm_k1z_zmmm512 EVEX_Vpabsb_ymm_k1z_ymmm256 EVEX_Vpabsb_xmm_k1z_xmmm128 VEX_Vpabsb_ymm_ymmm256 VEX_Vpabsb_xmm_xmmm128];
    Pabsw 0 true "00" [EVEX_Vpabsw_zmm_k1z_zmmm512 EVEX_Vpabsw_ymm_k1z_ymmm256 EVEX_Vpabsw_xmm_k1z_xmmm128 VEX_Vpabsw_ymm_ymmm256 VEX_Vpabsw_xmm_xmmm128];
    Pabsd 4 true "00" [EVEX_Vpabsd_zmm_k1z_zmmm512b32 EVEX_Vpabsd_ymm_k1z_ymmm256b32 EVEX_Vpabsd_xmm_k1z_xmmm128b32 VEX_Vpabsd_ymm_ymmm256 VEX_Vpabsd_xmm_xmmm128];
    Pabsq 8 true "00" [EVEX_Vpabsq_zmm_k1z_zmmm512b64 EVEX_Vpabsq_ymm_k1z_ymmm256b64 EVEX_Vpabsq_xmm_k1z_xmmm128b64 INVALID INVALID];
    Psllwi 0 false "00" [EVEX_Vpsllw_zmm_k1z_zmmm512_imm8 EVEX_Vpsllw_ymm_k1z_ymmm256_imm8 EVEX_Vpsllw_xmm_k1z_xmmm128_imm8 VEX_Vpsllw_ymm_ymm_imm8 VEX_Vpsllw_xmm_xmm_imm8];
    Pslldi 0 false "00" [EVEX_Vpslld_zmm_k1z_zmmm512b32_imm8 EVEX_Vpslld_ymm_k1z_ymmm256b32_imm8 EVEX_Vpslld_xmm_k1z_xmmm128b32_imm8 VEX_Vpslld_ymm_ymm_imm8 VEX_Vpslld_xmm_xmm_imm8];
    Psllqi 0 false "00" [EVEX_Vpsllq_zmm_k1z_zmmm512b64_imm8 EVEX_Vpsllq_ymm_k1z_ymmm256b64_imm8 EVEX_Vpsllq_xmm_k1z_xmmm128b64_imm8 VEX_Vpsllq_ymm_ymm_imm8 VEX_Vpsllq_xmm_xmm_imm8];
    Psrlwi 0 false "00" [EVEX_Vpsrlw_zmm_k1z_zmmm512_imm8 EVEX_Vpsrlw_ymm_k1z_ymmm256_imm8 EVEX_Vpsrlw_xmm_k1z_xmmm128_imm8 VEX_Vpsrlw_ymm_ymm_imm8 VEX_Vpsrlw_xmm_xmm_imm8];
    Psrldi 0 false "00" [EVEX_Vpsrld_zmm_k1z_zmmm512b32_imm8 EVEX_Vpsrld_ymm_k1z_ymmm256b32_imm8 EVEX_Vpsrld_xmm_k1z_xmmm128b32_imm8 VEX_Vpsrld_ymm_ymm_imm8 VEX_Vpsrld_xmm_xmm_imm8];
    Psrlqi 0 false "00" [EVEX_Vpsrlq_zmm_k1z_zmmm512b64_imm8 EVEX_Vpsrlq_ymm_k1z_ymmm256b64_imm8 EVEX_Vpsrlq_xmm_k1z_xmmm128b64_imm8 VEX_Vpsrlq_ymm_ymm_imm8 VEX_Vpsrlq_xmm_xmm_imm8];
    Psrawi 0 false "00" [EVEX_Vpsraw_zmm_k1z_zmmm512_imm8 EVEX_Vpsraw_ymm_k1z_ymmm256_imm8 EVEX_Vpsraw_xmm_k1z_xmmm128_imm8 VEX_Vpsraw_ymm_ymm_imm8 VEX_Vpsraw_xmm_xmm_imm8];
    Psradi 0 false "00" [EVEX_Vpsrad_zmm_k1z_zmmm512b32_imm8 EVEX_Vpsrad_ymm_k1z_ymmm256b32_imm8 EVEX_Vpsrad_xmm_k1z_xmmm128b32_imm8 VEX_Vpsrad_ymm_ymm_imm8 VEX_Vpsrad_xmm_xmm_imm8];
    Proldi 0 true "00" [EVEX_Vprold_zmm_k1z_zmmm512b32_imm8 EVEX_Vprold_ymm_k1z_ymmm256b32_imm8 EVEX_Vprold_xmm_k1z_xmmm128b32_imm8 INVALID INVALID];
    Prolqi 0 true "00" [EVEX_Vprolq_zmm_k1z_zmmm512b64_imm8 EVEX_Vprolq_ymm_k1z_ymmm256b64_imm8 EVEX_Vprolq_xmm_k1z_xmmm128b64_imm8 INVALID INVALID];
    Psraqi 0 true "00" [EVEX_Vpsraq_zmm_k1z_zmmm512b64_imm8 EVEX_Vpsraq_ymm_k1z_ymmm256b64_imm8 EVEX_Vpsraq_xmm_k1z_xmmm128b64_imm8 INVALID INVALID];
    Psllvw 0 true "000" [EVEX_Vpsllvw_zmm_k1z_zmm_zmmm512 EVEX_Vpsllvw_ymm_k1z_ymm_ymmm256 EVEX_Vpsllvw_xmm_k1z_xmm_xmmm128 INVALID INVALID];
    Psllvd 4 true "000" [EVEX_Vpsllvd_zmm_k1z_zmm_zmmm512b32 EVEX_Vpsllvd_ymm_k1z_ymm_ymmm256b32 EVEX_Vpsllvd_xmm_k1z_xmm_xmmm128b32 VEX_Vpsllvd_ymm_ymm_ymmm256 VEX_Vpsllvd_xmm_xmm_xmmm128];
    Psllvq 8 true "000" [EVEX_Vpsllvq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpsllvq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpsllvq_xmm_k1z_xmm_xmmm128b64 VEX_Vpsllvq_ymm_ymm_ymmm256 VEX_Vpsllvq_xmm_xmm_xmmm128];
    Psrlvw 0 true "000" [EVEX_Vpsrlvw_zmm_k1z_zmm_zmmm512 EVEX_Vpsrlvw_ymm_k1z_ymm_ymmm256 EVEX_Vpsrlvw_xmm_k1z_xmm_xmmm128 INVALID INVALID];
    Psrlvd 4 true "000" [EVEX_Vpsrlvd_zmm_k1z_zmm_zmmm512b32 EVEX_Vpsrlvd_ymm_k1z_ymm_ymmm256b32 EVEX_Vpsrlvd_xmm_k1z_xmm_xmmm128b32 VEX_Vpsrlvd_ymm_ymm_ymmm256 VEX_Vpsrlvd_xmm_xmm_xmmm128];
    Psrlvq 8 true "000" [EVEX_Vpsrlvq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpsrlvq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpsrlvq_xmm_k1z_xmm_xmmm128b64 VEX_Vpsrlvq_ymm_ymm_ymmm256 VEX_Vpsrlvq_xmm_xmm_xmmm128];
    Psravw 0 true "000" [EVEX_Vpsravw_zmm_k1z_zmm_zmmm512 EVEX_Vpsravw_ymm_k1z_ymm_ymmm256 EVEX_Vpsravw_xmm_k1z_xmm_xmmm128 INVALID INVALID];
    Psravd 4 true "000" [EVEX_Vpsravd_zmm_k1z_zmm_zmmm512b32 EVEX_Vpsravd_ymm_k1z_ymm_ymmm256b32 EVEX_Vpsravd_xmm_k1z_xmm_xmmm128b32 VEX_Vpsravd_ymm_ymm_ymmm256 VEX_Vpsravd_xmm_xmm_xmmm128];
    Psravq 8 true "000" [EVEX_Vpsravq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpsravq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpsravq_xmm_k1z_xmm_xmmm128b64 INVALID INVALID];
    // Comparisons: to a mask register, or (of VEX) to lanes.
    Pcmpb 0 true "000" [EVEX_Vpcmpb_kr_k1_zmm_zmmm512_imm8 EVEX_Vpcmpb_kr_k1_ymm_ymmm256_imm8 EVEX_Vpcmpb_kr_k1_xmm_xmmm128_imm8 INVALID INVALID];
    Pcmpw 0 true "000" [EVEX_Vpcmpw_kr_k1_zmm_zmmm512_imm8 EVEX_Vpcmpw_kr_k1_ymm_ymmm256_imm8 EVEX_Vpcmpw_kr_k1_xmm_xmmm128_imm8 INVALID INVALID];
    Pcmpd 4 true "000" [EVEX_Vpcmpd_kr_k1_zmm_zmmm512b32_imm8 EVEX_Vpcmpd_kr_k1_ymm_ymmm256b32_imm8 EVEX_Vpcmpd_kr_k1_xmm_xmmm128b32_imm8 INVALID INVALID];
    Pcmpq 8 true "000" [EVEX_Vpcmpq_kr_k1_zmm_zmmm512b64_imm8 EVEX_Vpcmpq_kr_k1_ymm_ymmm256b64_imm8 EVEX_Vpcmpq_kr_k1_xmm_xmmm128b64_imm8 INVALID INVALID];
    Pcmpub 0 true "000" [EVEX_Vpcmpub_kr_k1_zmm_zmmm512_imm8 EVEX_Vpcmpub_kr_k1_ymm_ymmm256_imm8 EVEX_Vpcmpub_kr_k1_xmm_xmmm128_imm8 INVALID INVALID];
    Pcmpuw 0 true "000" [EVEX_Vpcmpuw_kr_k1_zmm_zmmm512_imm8 EVEX_Vpcmpuw_kr_k1_ymm_ymmm256_imm8 EVEX_Vpcmpuw_kr_k1_xmm_xmmm128_imm8 INVALID INVALID];
    Pcmpud 4 true "000" [EVEX_Vpcmpud_kr_k1_zmm_zmmm512b32_imm8 EVEX_Vpcmpud_kr_k1_ymm_ymmm256b32_imm8 EVEX_Vpcmpud_kr_k1_xmm_xmmm128b32_imm8 INVALID INVALID];
    Pcmpuq 8 true "000" [EVEX_Vpcmpuq_kr_k1_zmm_zmmm512b64_imm8 EVEX_Vpcmpuq_kr_k1_ymm_ymmm256b64_imm8 EVEX_Vpcmpuq_kr_k1_xmm_xmmm128b64_imm8 INVALID INVALID];
    Pcmpeqb 0 true "000" [INVALID INVALID INVALID VEX_Vpcmpeqb_ymm_ymm_ymmm256 VEX_Vpcmpeqb_xmm_xmm_xmmm128];
    Pcmpeqw 0 true "000" [INVALID INVALID INVALID VEX_Vpcmpeqw_ymm_ymm_ymmm256 VEX_Vpcmpeqw_xmm_xmm_xmmm128];
    Pcmpeqd 0 true "000" [INVALID INVALID INVALID VEX_Vpcmpeqd_ymm_ymm_ymmm256 VEX_Vpcmpeqd_xmm_xmm_xmmm128];
    Pcmpeqq 0 true "000" [INVALID INVALID INVALID VEX_Vpcmpeqq_ymm_ymm_ymmm256 VEX_Vpcmpeqq_xmm_xmm_xmmm128];
    Pcmpgtb 0 true "000" [INVALID INVALID INVALID VEX_Vpcmpgtb_ymm_ymm_ymmm256 VEX_Vpcmpgtb_xmm_xmm_xmmm128];
    Pcmpgtw 0 true "000" [INVALID INVALID INVALID VEX_Vpcmpgtw_ymm_ymm_ymmm256 VEX_Vpcmpgtw_xmm_xmm_xmmm128];
    Pcmpgtd 0 true "000" [INVALID INVALID INVALID VEX_Vpcmpgtd_ymm_ymm_ymmm256 VEX_Vpcmpgtd_xmm_xmm_xmmm128];
    Pcmpgtq 0 true "000" [INVALID INVALID INVALID VEX_Vpcmpgtq_ymm_ymm_ymmm256 VEX_Vpcmpgtq_xmm_xmm_xmmm128];
    Ptestmb 0 true "000" [EVEX_Vptestmb_kr_k1_zmm_zmmm512 EVEX_Vptestmb_kr_k1_ymm_ymmm256 EVEX_Vptestmb_kr_k1_xmm_xmmm128 INVALID INVALID];
    Ptestmw 0 true "000" [EVEX_Vptestmw_kr_k1_zmm_zmmm512 EVEX_Vptestmw_kr_k1_ymm_ymmm256 EVEX_Vptestmw_kr_k1_xmm_xmmm128 INVALID INVALID];
    Ptestmd 4 true "000" [EVEX_Vptestmd_kr_k1_zmm_zmmm512b32 EVEX_Vptestmd_kr_k1_ymm_ymmm256b32 EVEX_Vptestmd_kr_k1_xmm_xmmm128b32 INVALID INVALID];
    Ptestmq 8 true "000" [EVEX_Vptestmq_kr_k1_zmm_zmmm512b64 EVEX_Vptestmq_kr_k1_ymm_ymmm256b64 EVEX_Vptestmq_kr_k1_xmm_xmmm128b64 INVALID INVALID];
    Ptestnmb 0 true "000" [EVEX_Vptestnmb_kr_k1_zmm_zmmm512 EVEX_Vptestnmb_kr_k1_ymm_ymmm256 EVEX_Vptestnmb_kr_k1_xmm_xmmm128 INVALID INVALID];
    Ptestnmw 0 true "000" [EVEX_Vptestnmw_kr_k1_zmm_zmmm512 EVEX_Vptestnmw_kr_k1_ymm_ymmm256 EVEX_Vptestnmw_kr_k1_xmm_xmmm128 INVALID INVALID];
    Ptestnmd 4 true "000" [EVEX_Vptestnmd_kr_k1_zmm_zmmm512b32 EVEX_Vptestnmd_kr_k1_ymm_ymmm256b32 EVEX_Vptestnmd_kr_k1_xmm_xmmm128b32 INVALID INVALID];
    Ptestnmq 8 true "000" [EVEX_Vptestnmq_kr_k1_zmm_zmmm512b64 EVEX_Vptestnmq_kr_k1_ymm_ymmm256b64 EVEX_Vptestnmq_kr_k1_xmm_xmmm128b64 INVALID INVALID];
    // Choices.
    Pblendmb 0 true "000" [EVEX_Vpblendmb_zmm_k1z_zmm_zmmm512 EVEX_Vpblendmb_ymm_k1z_ymm_ymmm256 EVEX_Vpblendmb_xmm_k1z_xmm_xmmm128 INVALID INVALID];
    Pblendmw 0 true "000" [EVEX_Vpblendmw_zmm_k1z_zmm_zmmm512 EVEX_Vpblendmw_ymm_k1z_ymm_ymmm256 EVEX_Vpblendmw_xmm_k1z_xmm_xmmm128 INVALID INVALID];
    Pblendmd 4 true "000" [EVEX_Vpblendmd_zmm_k1z_zmm_zmmm512b32 EVEX_Vpblendmd_ymm_k1z_ymm_ymmm256b32 EVEX_Vpblendmd_xmm_k1z_xmm_xmmm128b32 INVALID INVALID];
    Pblendmq 8 true "000" [EVEX_Vpblendmq_zmm_k1z_zmm_zmmm512b64 EVEX_Vpblendmq_ymm_k1z_ymm_ymmm256b64 EVEX_Vpblendmq_xmm_k1z_xmm_xmmm128b64 INVALID INVALID];
    Pblendvb 0 false "0000" [INVALID INVALID INVALID VEX_Vpblendvb_ymm_ymm_ymmm256_ymm VEX_Vpblendvb_xmm_xmm_xmmm128_xmm];
    // Moves.
    Movups 0 true "00" [EVEX_Vmovups_zmm_k1z_zmmm512 EVEX_Vmovups_ymm_k1z_ymmm256 EVEX_Vmovups_xmm_k1z_xmmm128 VEX_Vmovups_ymm_ymmm256 VEX_Vmovups_xmm_xmmm128];
    Movupd 0 true "00" [EVEX_Vmovupd_zmm_k1z_zmmm512 EVEX_Vmovupd_ymm_k1z_ymmm256 EVEX_Vmovupd_xmm_k1z_xmmm128 VEX_Vmovupd_ymm_ymmm256 VEX_Vmovupd_xmm_xmmm128];
    MovupsStore 0 false "00" [EVEX_Vmovups_zmmm512_k1z_zmm EVEX_Vmovups_ymmm256_k1z_ymm EVEX_Vmovups_xmmm128_k1z_xmm VEX_Vmovups_ymmm256_ymm VEX_Vmovups_xmmm128_xmm];
    Movdqu8 0 true "00" [EVEX_Vmovdqu8_zmm_k1z_zmmm512 EVEX_Vmovdqu8_ymm_k1z_ymmm256 EVEX_Vmovdqu8_xmm_k1z_xmmm128 INVALID INVALID];
    Movdqu16 0 true "00" [EVEX_Vmovdqu16_zmm_k1z_zmmm512 EVEX_Vmovdqu16_ymm_k1z_ymmm256 EVEX_Vmovdqu16_xmm_k1z_xmmm128 INVALID INVALID];
    Movdqu32 0 true "00" [EVEX_Vmovdqu32_zmm_k1z_zmmm512 EVEX_Vmovdqu32_ymm_k1z_ymmm256 EVEX_Vmovdqu32_xmm_k1z_xmmm128 INVALID INVALID];
    Movdqu64 0 true "00" [EVEX_Vmovdqu64_zmm_k1z_zmmm512 EVEX_Vmovdqu64_ymm_k1z_ymmm256 EVEX_Vmovdqu64_xmm_k1z_xmmm128 INVALID INVALID];
    Movdqu8Store 0 false "00" [EVEX_Vmovdqu8_zmmm512_k1z_zmm EVEX_Vmovdqu8_ymmm256_k1z_ymm EVEX_Vmovdqu8_xmmm128_k1z_xmm INVALID INVALID];
    Movdqu16Store 0 false "00" [EVEX_Vmovdqu16_zmmm512_k1z_zmm EVEX_Vmovdqu16_ymmm256_k1z_ymm EVEX_Vmovdqu16_xmmm128_k1z_xmm INVALID INVALID];
    Movdqu32Store 0 false "00" [EVEX_Vmovdqu32_zmmm512_k1z_zmm EVEX_Vmovdqu32_ymmm256_k1z_ymm EVEX_Vmovdqu32_xmmm128_k1z_xmm INVALID INVALID];
    Movdqu64Store 0 false "00" [EVEX_Vmovdqu64_zmmm512_k1z_zmm EVEX_Vmovdqu64_ymmm256_k1z_ymm EVEX_Vmovdqu64_xmmm128_k1z_xmm INVALID INVALID];
    Pbroadcastb 0 true "02" [EVEX_Vpbroadcastb_zmm_k1z_xmmm8 EVEX_Vpbroadcastb_ymm_k1z_xmmm8 EVEX_Vpbroadcastb_xmm_k1z_xmmm8 VEX_Vpbroadcastb_ymm_xmmm8 VEX_Vpbroadcastb_xmm_xmmm8];
    Pbroadcastw 0 true "02" [EVEX_Vpbroadcastw_zmm_k1z_xmmm16 EVEX_Vpbroadcastw_ymm_k1z_xmmm16 EVEX_Vpbroadcastw_xmm_k1z_xmmm16 VEX_Vpbroadcastw_ymm_xmmm16 VEX_Vpbroadcastw_xmm_xmmm16];
    Pbroadcastd 0 true "02" [EVEX_Vpbroadcastd_zmm_k1z_xmmm32 EVEX_Vpbroadcastd_ymm_k1z_xmmm32 EVEX_Vpbroadcastd_xmm_k1z_xmmm32 VEX_Vpbroadcastd_ymm_xmmm32 VEX_Vpbroadcastd_xmm_xmmm32];
    Pbroadcastq 0 true "02" [EVEX_Vpbroadcastq_zmm_k1z_xmmm64 EVEX_Vpbroadcastq_ymm_k1z_xmmm64 EVEX_Vpbroadcastq_xmm_k1z_xmmm64 VEX_Vpbroadcastq_ymm_xmmm64 VEX_Vpbroadcastq_xmm_xmmm64];
    PbroadcastqGpr 0 false "04" [EVEX_Vpbroadcastq_zmm_k1z_r64 EVEX_Vpbroadcastq_ymm_k1z_r64 EVEX_Vpbroadcastq_xmm_k1z_r64 INVALID INVALID];
    Pmovb2m 0 false "00" [EVEX_Vpmovb2m_kr_zmm EVEX_Vpmovb2m_kr_ymm EVEX_Vpmovb2m_kr_xmm INVALID INVALID];
    Pmovw2m 0 false "00" [EVEX_Vpmovw2m_kr_zmm EVEX_Vpmovw2m_kr_ymm EVEX_Vpmovw2m_kr_xmm INVALID INVALID];
    Pmovd2m 0 false "00" [EVEX_Vpmovd2m_kr_zmm EVEX_Vpmovd2m_kr_ymm EVEX_Vpmovd2m_kr_xmm INVALID INVALID];
    Pmovq2m 0 false "00" [EVEX_Vpmovq2m_kr_zmm EVEX_Vpmovq2m_kr_ymm EVEX_Vpmovq2m_kr_xmm INVALID INVALID];
    // Conversions. The size is that of the wider side.
    Cvtps2pd 4 true "01" [EVEX_Vcvtps2pd_zmm_k1z_ymmm256b32_sae EVEX_Vcvtps2pd_ymm_k1z_xmmm128b32 EVEX_Vcvtps2pd_xmm_k1z_xmmm64b32 VEX_Vcvtps2pd_ymm_xmmm128 VEX_Vcvtps2pd_xmm_xmmm64];
    Cvtpd2ps 8 true "10" [EVEX_Vcvtpd2ps_ymm_k1z_zmmm512b64_er EVEX_Vcvtpd2ps_xmm_k1z_ymmm256b64 EVEX_Vcvtpd2ps_xmm_k1z_xmmm128b64 VEX_Vcvtpd2ps_xmm_ymmm256 VEX_Vcvtpd2ps_xmm_xmmm128];
    Cvtdq2pd 4 true "01" [EVEX_Vcvtdq2pd_zmm_k1z_ymmm256b32_er EVEX_Vcvtdq2pd_ymm_k1z_xmmm128b32 EVEX_Vcvtdq2pd_xmm_k1z_xmmm64b32 VEX_Vcvtdq2pd_ymm_xmmm128 VEX_Vcvtdq2pd_xmm_xmmm64];
    Cvtdq2ps 4 true "00" [EVEX_Vcvtdq2ps_zmm_k1z_zmmm512b32_er EVEX_Vcvtdq2ps_ymm_k1z_ymmm256b32 EVEX_Vcvtdq2ps_xmm_k1z_xmmm128b32 VEX_Vcvtdq2ps_ymm_ymmm256 VEX_Vcvtdq2ps_xmm_xmmm128];
    Cvtudq2pd 4 true "01" [EVEX_Vcvtudq2pd_zmm_k1z_ymmm256b32_er EVEX_Vcvtudq2pd_ymm_k1z_xmmm128b32 EVEX_Vcvtudq2pd_xmm_k1z_xmmm64b32 INVALID INVALID];
    Cvtudq2ps 4 true "00" [EVEX_Vcvtudq2ps_zmm_k1z_zmmm512b32_er EVEX_Vcvtudq2ps_ymm_k1z_ymmm256b32 EVEX_Vcvtudq2ps_xmm_k1z_xmmm128b32 INVALID INVALID];
    Cvtqq2pd 8 true "00" [EVEX_Vcvtqq2pd_zmm_k1z_zmmm512b64_er EVEX_Vcvtqq2pd_ymm_k1z_ymmm256b64 EVEX_Vcvtqq2pd_xmm_k1z_xmmm128b64 INVALID INVALID];
    Cvtqq2ps 8 true "10" [EVEX_Vcvtqq2ps_ymm_k1z_zmmm512b64_er EVEX_Vcvtqq2ps_xmm_k1z_ymmm256b64 EVEX_Vcvtqq2ps_xmm_k1z_xmmm128b64 INVALID INVALID];
    Cvtuqq2pd 8 true "00" [EVEX_Vcvtuqq2pd_zmm_k1z_zmmm512b64_er EVEX_Vcvtuqq2pd_ymm_k1z_ymmm256b64 EVEX_Vcvtuqq2pd_xmm_k1z_xmmm128b64 INVALID INVALID];
    Cvtuqq2ps 8 true "10" [EVEX_Vcvtuqq2ps_ymm_k1z_zmmm512b64_er EVEX_Vcvtuqq2ps_xmm_k1z_ymmm256b64 EVEX_Vcvtuqq2ps_xmm_k1z_xmmm128b64 INVALID INVALID];
    Cvttpd2dq 8 true "10" [EVEX_Vcvttpd2dq_ymm_k1z_zmmm512b64_sae EVEX_Vcvttpd2dq_xmm_k1z_ymmm256b64 EVEX_Vcvttpd2dq_xmm_k1z_xmmm128b64 VEX_Vcvttpd2dq_xmm_ymmm256 VEX_Vcvttpd2dq_xmm_xmmm128];
    Cvttps2dq 4 true "00" [EVEX_Vcvttps2dq_zmm_k1z_zmmm512b32_sae EVEX_Vcvttps2dq_ymm_k1z_ymmm256b32 EVEX_Vcvttps2dq_xmm_k1z_xmmm128b32 VEX_Vcvttps2dq_ymm_ymmm256 VEX_Vcvttps2dq_xmm_xmmm128];
    Cvttpd2udq 8 true "10" [EVEX_Vcvttpd2udq_ymm_k1z_zmmm512b64_sae EVEX_Vcvttpd2udq_xmm_k1z_ymmm256b64 EVEX_Vcvttpd2udq_xmm_k1z_xmmm128b64 INVALID INVALID];
    Cvttps2udq 4 true "00" [EVEX_Vcvttps2udq_zmm_k1z_zmmm512b32_sae EVEX_Vcvttps2udq_ymm_k1z_ymmm256b32 EVEX_Vcvttps2udq_xmm_k1z_xmmm128b32 INVALID INVALID];
    Cvttpd2qq 8 true "00" [EVEX_Vcvttpd2qq_zmm_k1z_zmmm512b64_sae EVEX_Vcvttpd2qq_ymm_k1z_ymmm256b64 EVEX_Vcvttpd2qq_xmm_k1z_xmmm128b64 INVALID INVALID];
    Cvttps2qq 4 true "01" [EVEX_Vcvttps2qq_zmm_k1z_ymmm256b32_sae EVEX_Vcvttps2qq_ymm_k1z_xmmm128b32 EVEX_Vcvttps2qq_xmm_k1z_xmmm64b32 INVALID INVALID];
    Cvttpd2uqq 8 true "00" [EVEX_Vcvttpd2uqq_zmm_k1z_zmmm512b64_sae EVEX_Vcvttpd2uqq_ymm_k1z_ymmm256b64 EVEX_Vcvttpd2uqq_xmm_k1z_xmmm128b64 INVALID INVALID];
    Cvttps2uqq 4 true "01" [EVEX_Vcvttps2uqq_zmm_k1z_ymmm256b32_sae EVEX_Vcvttps2uqq_ymm_k1z_xmmm128b32 EVEX_Vcvttps2uqq_xmm_k1z_xmmm64b32 INVALID INVALID];
    Pmovsxbw 0 true "01" [EVEX_Vpmovsxbw_zmm_k1z_ymmm256 EVEX_Vpmovsxbw_ymm_k1z_xmmm128 EVEX_Vpmovsxbw_xmm_k1z_xmmm64 VEX_Vpmovsxbw_ymm_xmmm128 VEX_Vpmovsxbw_xmm_xmmm64];
    Pmovsxbd 0 true "02" [EVEX_Vpmovsxbd_zmm_k1z_xmmm128 EVEX_Vpmovsxbd_ymm_k1z_xmmm64 EVEX_Vpmovsxbd_xmm_k1z_xmmm32 VEX_Vpmovsxbd_ymm_xmmm64 VEX_Vpmovsxbd_xmm_xmmm32];
    Pmovsxbq 0 true "02" [EVEX_Vpmovsxbq_zmm_k1z_xmmm64 EVEX_Vpmovsxbq_ymm_k1z_xmmm32 EVEX_Vpmovsxbq_xmm_k1z_xmmm16 VEX_Vpmovsxbq_ymm_xmmm32 VEX_Vpmovsxbq_xmm_xmmm16];
    Pmovsxwd 0 true "01" [EVEX_Vpmovsxwd_zmm_k1z_ymmm256 EVEX_Vpmovsxwd_ymm_k1z_xmmm128 EVEX_Vpmovsxwd_xmm_k1z_xmmm64 VEX_Vpmovsxwd_ymm_xmmm128 VEX_Vpmovsxwd_xmm_xmmm64];
    Pmovsxwq 0 true "02" [EVEX_Vpmovsxwq_zmm_k1z_xmmm128 EVEX_Vpmovsxwq_ymm_k1z_xmmm64 EVEX_Vpmovsxwq_xmm_k1z_xmmm32 VEX_Vpmovsxwq_ymm_xmmm64 VEX_Vpmovsxwq_xmm_xmmm32];
    Pmovsxdq 0 true "01" [EVEX_Vpmovsxdq_zmm_k1z_ymmm256 EVEX_Vpmovsxdq_ymm_k1z_xmmm128 EVEX_Vpmovsxdq_xmm_k1z_xmmm64 VEX_Vpmovsxdq_ymm_xmmm128 VEX_Vpmovsxdq_xmm_xmmm64];
    Pmovzxbw 0 true "01" [EVEX_Vpmovzxbw_zmm_k1z_ymmm256 EVEX_Vpmovzxbw_ymm_k1z_xmmm128 EVEX_Vpmovzxbw_xmm_k1z_xmmm64 VEX_Vpmovzxbw_ymm_xmmm128 VEX_Vpmovzxbw_xmm_xmmm64];
    Pmovzxbd 0 true "02" [EVEX_Vpmovzxbd_zmm_k1z_xmmm128 EVEX_Vpmovzxbd_ymm_k1z_xmmm64 EVEX_Vpmovzxbd_xmm_k1z_xmmm32 VEX_Vpmovzxbd_ymm_xmmm64 VEX_Vpmovzxbd_xmm_xmmm32];
    Pmovzxbq 0 true "02" [EVEX_Vpmovzxbq_zmm_k1z_xmmm64 EVEX_Vpmovzxbq_ymm_k1z_xmmm32 EVEX_Vpmovzxbq_xmm_k1z_xmmm16 VEX_Vpmovzxbq_ymm_xmmm32 VEX_Vpmovzxbq_xmm_xmmm16];
    Pmovzxwd 0 true "01" [EVEX_Vpmovzxwd_zmm_k1z_ymmm256 EVEX_Vpmovzxwd_ymm_k1z_xmmm128 EVEX_Vpmovzxwd_xmm_k1z_xmmm64 VEX_Vpmovzxwd_ymm_xmmm128 VEX_Vpmovzxwd_xmm_xmmm64];
    Pmovzxwq 0 true "02" [EVEX_Vpmovzxwq_zmm_k1z_xmmm128 EVEX_Vpmovzxwq_ymm_k1z_xmmm64 EVEX_Vpmovzxwq_xmm_k1z_xmmm32 VEX_Vpmovzxwq_ymm_xmmm64 VEX_Vpmovzxwq_xmm_xmmm32];
    Pmovzxdq 0 true "01" [EVEX_Vpmovzxdq_zmm_k1z_ymmm256 EVEX_Vpmovzxdq_ymm_k1z_xmmm128 EVEX_Vpmovzxdq_xmm_k1z_xmmm64 VEX_Vpmovzxdq_ymm_xmmm128 VEX_Vpmovzxdq_xmm_xmmm64];
    Pmovwb 0 false "10" [EVEX_Vpmovwb_ymmm256_k1z_zmm EVEX_Vpmovwb_xmmm128_k1z_ymm EVEX_Vpmovwb_xmmm64_k1z_xmm INVALID INVALID];
    Pmovdb 0 false "20" [EVEX_Vpmovdb_xmmm128_k1z_zmm EVEX_Vpmovdb_xmmm64_k1z_ymm EVEX_Vpmovdb_xmmm32_k1z_xmm INVALID INVALID];
    Pmovsdb 0 false "20" [EVEX_Vpmovsdb_xmmm128_k1z_zmm EVEX_Vpmovsdb_xmmm64_k1z_ymm EVEX_Vpmovsdb_xmmm32_k1z_xmm INVALID INVALID];
    Pmovusdb 0 false "20" [EVEX_Vpmovusdb_xmmm128_k1z_zmm EVEX_Vpmovusdb_xmmm64_k1z_ymm EVEX_Vpmovusdb_xmmm32_k1z_xmm INVALID INVALID];
    Pmovqb 0 false "20" [EVEX_Vpmovqb_xmmm64_k1z_zmm EVEX_Vpmovqb_xmmm32_k1z_ymm EVEX_Vpmovqb_xmmm16_k1z_xmm INVALID INVALID];
    Pmovdw 0 false "10" [EVEX_Vpmovdw_ymmm256_k1z_zmm EVEX_Vpmovdw_xmmm128_k1z_ymm EVEX_Vpmovdw_xmmm64_k1z_xmm INVALID INVALID];
    Pmovsdw 0 false "10" [EVEX_Vpmovsdw_ymmm256_k1z_zmm EVEX_Vpmovsdw_xmmm128_k1z_ymm EVEX_Vpmovsdw_xmmm64_k1z_xmm INVALID INVALID];
    Pmovusdw 0 false "10" [EVEX_Vpmovusdw_ymmm256_k1z_zmm EVEX_Vpmovusdw_xmmm128_k1z_ymm EVEX_Vpmovusdw_xmmm64_k1z_xmm INVALID INVALID];
    Pmovqw 0 false "20" [EVEX_Vpmovqw_xmmm128_k1z_zmm EVEX_Vpmovqw_xmmm64_k1z_ymm EVEX_Vpmovqw_xmmm32_k1z_xmm INVALID INVALID];
    Pmovqd 0 false "10" [EVEX_Vpmovqd_ymmm256_k1z_zmm EVEX_Vpmovqd_xmmm128_k1z_ymm EVEX_Vpmovqd_xmmm64_k1z_xmm INVALID INVALID];
    // Lanes from place to place.
    Shufps 4 true "000" [EVEX_Vshufps_zmm_k1z_zmm_zmmm512b32_imm8 EVEX_Vshufps_ymm_k1z_ymm_ymmm256b32_imm8 EVEX_Vshufps_xmm_k1z_xmm_xmmm128b32_imm8 VEX_Vshufps_ymm_ymm_ymmm256_imm8 VEX_Vshufps_xmm_xmm_xmmm128_imm8];
    Unpcklps 4 true "000" [EVEX_Vunpcklps_zmm_k1z_zmm_zmmm512b32 EVEX_Vunpcklps_ymm_k1z_ymm_ymmm256b32 EVEX_Vunpcklps_xmm_k1z_xmm_xmmm128b32 VEX_Vunpcklps_ymm_ymm_ymmm256 VEX_Vunpcklps_xmm_xmm_xmmm128];
    Unpckhps 4 true "000" [EVEX_Vunpckhps_zmm_k1z_zmm_zmmm512b32 EVEX_Vunpckhps_ymm_k1z_ymm_ymmm256b32 EVEX_Vunpckhps_xmm_k1z_xmm_xmmm128b32 VEX_Vunpckhps_ymm_ymm_ymmm256 VEX_Vunpckhps_xmm_xmm_xmmm128];
    Unpcklpd 8 true "000" [EVEX_Vunpcklpd_zmm_k1z_zmm_zmmm512b64 EVEX_Vunpcklpd_ymm_k1z_ymm_ymmm256b64 EVEX_Vunpcklpd_xmm_k1z_xmm_xmmm128b64 VEX_Vunpcklpd_ymm_ymm_ymmm256 VEX_Vunpcklpd_xmm_xmm_xmmm128];
    Unpckhpd 8 true "000" [EVEX_Vunpckhpd_zmm_k1z_zmm_zmmm512b64 EVEX_Vunpckhpd_ymm_k1z_ymm_ymmm256b64 EVEX_Vunpckhpd_xmm_k1z_xmm_xmmm128b64 VEX_Vunpckhpd_ymm_ymm_ymmm256 VEX_Vunpckhpd_xmm_xmm_xmmm128];
    Packsswb 0 true "000" [EVEX_Vpacksswb_zmm_k1z_zmm_zmmm512 EVEX_Vpacksswb_ymm_k1z_ymm_ymmm256 EVEX_Vpacksswb_xmm_k1z_xmm_xmmm128 VEX_Vpacksswb_ymm_ymm_ymmm256 VEX_Vpacksswb_xmm_xmm_xmmm128];
    Pshufb 0 true "000" [EVEX_Vpshufb_zmm_k1z_zmm_zmmm512 EVEX_Vpshufb_ymm_k1z_ymm_ymmm256 EVEX_Vpshufb_xmm_k1z_xmm_xmmm128 VEX_Vpshufb_ymm_ymm_ymmm256 VEX_Vpshufb_xmm_xmm_xmmm128];
    Permt2ps 4 true "000" [EVEX_Vpermt2ps_zmm_k1z_zmm_zmmm512b32 EVEX_Vpermt2ps_ymm_k1z_ymm_ymmm256b32 EVEX_Vpermt2ps_xmm_k1z_xmm_xmmm128b32 INVALID INVALID];
    Permt2pd 8 true "000" [EVEX_Vpermt2pd_zmm_k1z_zmm_zmmm512b64 EVEX_Vpermt2pd_ymm_k1z_ymm_ymmm256b64 EVEX_Vpermt2pd_xmm_k1z_xmm_xmmm128b64 INVALID INVALID];
    Pshufd 4 true "00" [EVEX_Vpshufd_zmm_k1z_zmmm512b32_imm8 EVEX_Vpshufd_ymm_k1z_ymmm256b32_imm8 EVEX_Vpshufd_xmm_k1z_xmmm128b32_imm8 VEX_Vpshufd_ymm_ymmm256_imm8 VEX_Vpshufd_xmm_xmmm128_imm8];
    Extract128 0 false "20" [EVEX_Vextracti32x4_xmmm128_k1z_zmm_imm8 EVEX_Vextracti32x4_xmmm128_k1z_ymm_imm8 INVALID VEX_Vextracti128_xmmm128_ymm_imm8 INVALID];
    Extract256 0 false "10" [EVEX_Vextracti64x4_ymmm256_k1z_zmm_imm8 INVALID INVALID INVALID INVALID];
    Insert128 0 true "002" [EVEX_Vinsertf32x4_zmm_k1z_zmm_xmmm128_imm8 EVEX_Vinsertf32x4_ymm_k1z_ymm_xmmm128_imm8 INVALID VEX_Vinserti128_ymm_ymm_xmmm128_imm8 INVALID];
    Insert256 0 true "001" [EVEX_Vinsertf64x4_zmm_k1z_zmm_ymmm256_imm8 INVALID INVALID INVALID INVALID];
    Permqi 0 true "00" [EVEX_Vpermq_zmm_k1z_zmmm512b64_imm8 EVEX_Vpermq_ymm_k1z_ymmm256b64_imm8 INVALID VEX_Vpermq_ymm_ymmm256_imm8 INVALID];
    Psrldq 0 false "00" [EVEX_Vpsrldq_zmm_zmmm512_imm8 EVEX_Vpsrldq_ymm_ymmm256_imm8 EVEX_Vpsrldq_xmm_xmmm128_imm8 VEX_Vpsrldq_ymm_ymm_imm8 VEX_Vpsrldq_xmm_xmm_imm8];
    Movmskps 0 false "30" [INVALID INVALID INVALID VEX_Vmovmskps_r32_ymm VEX_Vmovmskps_r32_xmm];
    Movmskpd 0 false "30" [INVALID INVALID INVALID VEX_Vmovmskpd_r32_ymm VEX_Vmovmskpd_r32_xmm];
    Pmovmskb 0 false "30" [INVALID INVALID INVALID VEX_Vpmovmskb_r32_ymm VEX_Vpmovmskb_r32_xmm];
    Maskmovps 0 true "000" [INVALID INVALID INVALID VEX_Vmaskmovps_ymm_ymm_m256 VEX_Vmaskmovps_xmm_xmm_m128];
    Maskmovpd 0 true "000" [INVALID INVALID INVALID VEX_Vmaskmovpd_ymm_ymm_m256 VEX_Vmaskmovpd_xmm_xmm_m128];
    MaskmovpsStore 0 false "000" [INVALID INVALID INVALID VEX_Vmaskmovps_m256_ymm_ymm VEX_Vmaskmovps_m128_xmm_xmm];
    MaskmovpdStore 0 false "000" [INVALID INVALID INVALID VEX_Vmaskmovpd_m256_ymm_ymm VEX_Vmaskmovpd_m128_xmm_xmm];
    // Single elements.
    MovssLoad 0 true "00" [INVALID INVALID EVEX_Vmovss_xmm_k1z_m32 INVALID VEX_Vmovss_xmm_m32];
    MovsdLoad 0 true "00" [INVALID INVALID EVEX_Vmovsd_xmm_k1z_m64 INVALID VEX_Vmovsd_xmm_m64];
    MovssStore 0 false "00" [INVALID INVALID EVEX_Vmovss_m32_k1_xmm INVALID VEX_Vmovss_m32_xmm];
    MovsdStore 0 false "00" [INVALID INVALID EVEX_Vmovsd_m64_k1_xmm INVALID VEX_Vmovsd_m64_xmm];
    MovhpdLoad 0 true "000" [INVALID INVALID EVEX_Vmovhpd_xmm_xmm_m64 INVALID VEX_Vmovhpd_xmm_xmm_m64];
    Insertps 0 true "000" [INVALID INVALID EVEX_Vinsertps_xmm_xmm_xmmm32_imm8 INVALID VEX_Vinsertps_xmm_xmm_xmmm32_imm8];
    Pextrb 0 false "30" [INVALID INVALID EVEX_Vpextrb_r32m8_xmm_imm8 INVALID VEX_Vpextrb_r32m8_xmm_imm8];
    Pextrw 0 false "30" [INVALID INVALID EVEX_Vpextrw_r32m16_xmm_imm8 INVALID VEX_Vpextrw_r32m16_xmm_imm8];
    Movd 0 true "03" [INVALID INVALID EVEX_Vmovd_xmm_rm32 INVALID VEX_Vmovd_xmm_rm32];
    Movq 0 true "04" [INVALID INVALID EVEX_Vmovq_xmm_rm64 INVALID VEX_Vmovq_xmm_rm64];
    MovdStore 0 false "30" [INVALID INVALID EVEX_Vmovd_rm32_xmm INVALID VEX_Vmovd_rm32_xmm];
    MovqStore 0 false "40" [INVALID INVALID EVEX_Vmovq_rm64_xmm INVALID VEX_Vmovq_rm64_xmm];
    Pblendd 0 true "000" [INVALID INVALID INVALID VEX_Vpblendd_ymm_ymm_ymmm256_imm8 VEX_Vpblendd_xmm_xmm_xmmm128_imm8];
    Cvtpd2qq 8 true "00" [EVEX_Vcvtpd2qq_zmm_k1z_zmmm512b64_er EVEX_Vcvtpd2qq_ymm_k1z_ymmm256b64 EVEX_Vcvtpd2qq_xmm_k1z_xmmm128b64 INVALID INVALID];
    Cvtpd2uqq 8 true "00" [EVEX_Vcvtpd2uqq_zmm_k1z_zmmm512b64_er EVEX_Vcvtpd2uqq_ymm_k1z_ymmm256b64 EVEX_Vcvtpd2uqq_xmm_k1z_xmmm128b64 INVALID INVALID];
    Perm2i128 0 true "000" [INVALID INVALID INVALID VEX_Vperm2i128_ymm_ymm_ymmm256_imm8 INVALID];
    // Mask registers.
    Kand 0 false "000" [VEX_Kandq_kr_kr_kr VEX_Kandq_kr_kr_kr VEX_Kandq_kr_kr_kr VEX_Kandq_kr_kr_kr VEX_Kandq_kr_kr_kr];
    Kandn 0 false "000" [VEX_Kandnq_kr_kr_kr VEX_Kandnq_kr_kr_kr VEX_Kandnq_kr_kr_kr VEX_Kandnq_kr_kr_kr VEX_Kandnq_kr_kr_kr];
    Kor 0 false "000" [VEX_Korq_kr_kr_kr VEX_Korq_kr_kr_kr VEX_Korq_kr_kr_kr VEX_Korq_kr_kr_kr VEX_Korq_kr_kr_kr];
    Kxor 0 false "000" [VEX_Kxorq_kr_kr_kr VEX_Kxorq_kr_kr_kr VEX_Kxorq_kr_kr_kr VEX_Kxorq_kr_kr_kr VEX_Kxorq_kr_kr_kr];
    Kxnor 0 false "000" [VEX_Kxnorq_kr_kr_kr VEX_Kxnorq_kr_kr_kr VEX_Kxnorq_kr_kr_kr VEX_Kxnorq_kr_kr_kr VEX_Kxnorq_kr_kr_kr];
    Knot 0 false "00" [VEX_Knotq_kr_kr VEX_Knotq_kr_kr VEX_Knotq_kr_kr VEX_Knotq_kr_kr VEX_Knotq_kr_kr];
    Kmov 0 true "00" [VEX_Kmovq_kr_km64 VEX_Kmovq_kr_km64 VEX_Kmovq_kr_km64 VEX_Kmovq_kr_km64 VEX_Kmovq_kr_km64];
    KmovStore 0 false "00" [VEX_Kmovq_m64_kr VEX_Kmovq_m64_kr VEX_Kmovq_m64_kr VEX_Kmovq_m64_kr VEX_Kmovq_m64_kr];
    Kshiftri 0 false "00" [VEX_Kshiftrq_kr_kr_imm8 VEX_Kshiftrq_kr_kr_imm8 VEX_Kshiftrq_kr_kr_imm8 VEX_Kshiftrq_kr_kr_imm8 VEX_Kshiftrq_kr_kr_imm8];
}

impl Row {
    /// An element in all lanes, of elements of 1, 2, 4 and 8 bytes.
    pub const SPREAD: [Row; 4] = [Row::Pbroadcastb, Row::Pbroadcastw, Row::Pbroadcastd, Row::Pbroadcastq];
    /// Moves, whose lanes a mask chooses, of such elements.
    pub const MASKED_LOAD: [Row; 4] = [Row::Movdqu8, Row::Movdqu16, Row::Movdqu32, Row::Movdqu64];

    /// Its code for vectors of this size; `INVALID` where there is none.
    pub fn code(self, encoding: Encoding, size: Size) -> Code {
        let at = match (encoding, size) {
            (Encoding::Evex, Size::Z) => 0,
            (Encoding::Evex, Size::Y) => 1,
            (Encoding::Evex, Size::X) => 2,
            (Encoding::Vex, Size::Y) => 3,
            (Encoding::Vex, Size::X) => 4,
            (Encoding::Vex, Size::Z) => return Code::INVALID,
        };
        CODES[self as usize][at]
    }

    /// Whether its last operand may be in memory.
    pub fn reads_memory(self) -> bool {
        MEMORY[self as usize]
    }

    /// The register that operand `at` of it is, of a vector register's number.
    pub fn vector(self, size: Size, at: usize, number: u8) -> Register {
        let first = match self.size_of(size, at) {
            Size::X => Register::XMM0,
            Size::Y => Register::YMM0,
            Size::Z => Register::ZMM0,
        };
        first + u32::from(number)
    }

    /// The size of operand `at` of it.
    pub fn size_of(self, size: Size, at: usize) -> Size {
        let halved = SHAPES[self as usize].get(at).map_or(0, |digit| digit - b'0');
        Size::of(size.bytes() >> halved)
    }

    /// Whether operand `at` of it is a general register of 4 bytes.
    pub fn takes_short(self, at: usize) -> bool {
        SHAPES[self as usize].get(at) == Some(&b'3')
    }

    /// The bytes of the elements that an operand in memory may be broadcast from; 0 where it may not.
    pub fn broadcasts(self) -> usize {
        BROADCASTS[self as usize].into()
    }
}
