//! Enums that the database keeps as numbers and the API shows as names.

/// Defines such an enum with what is to be done with a number that a newer version wrote.
macro_rules! coded {
    (
        $(#[$meta:meta])*
        pub enum $name:ident or $fallback:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $code:literal, $text:literal;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(i16)]
        pub enum $name {
            $($(#[$variant_meta])* $variant = $code,)*
        }

        impl $name {
            /// All of them in the order of their numbers.
            pub const ALL: [Self; [$($code,)*].len()] = [$(Self::$variant,)*];

            /// The number that the database keeps.
            pub fn code(self) -> i16 {
                self as i16
            }

            #[doc = concat!("What has that number; `", stringify!($fallback), "` for one that a newer version wrote.")]
            pub fn from_code(code: i16) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    _ => Self::$fallback,
                }
            }

            /// The name in the API.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// What has that name in the API.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|coded| coded.name() == name)
            }
        }
    };
}

pub(crate) use coded;
