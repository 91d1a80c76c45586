//! The one form of all enums of the model.

/// Makes an enum whose variants are the strings of a value set.
macro_rules! enumeration {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every value that is taken, in the model's order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The value as it is written on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }

            /// The value that is written so, if there is one; letters' case counts.
            pub fn parse(text: &str) -> Option<$name> {
                match text { $($text => Some($name::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl crate::value::FromValue for $name {
            fn from_value(value: crate::value::Value<'_>) -> Option<$name> {
                value.into_text().and_then(|text| $name::parse(&text))
            }
        }

        impl crate::value::Listed for $name {}

        impl crate::write::Encode for $name {
            fn write(&self, out: &mut Vec<u8>) {
                crate::write::text(self.as_str(), out);
            }
        }

        impl crate::recorded::Recorded for $name {
            fn recorded(&self) -> Option<serde_json::Value> {
                Some(self.as_str().into())
            }
        }
    };
}

pub(crate) use enumeration;
