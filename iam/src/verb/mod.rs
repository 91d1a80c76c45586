//! What can be asked about identities: the verbs, IAM's and two of Organizations'. What one of them is given is in
//! `asked`, what it does in `run`, what it answers in `answer`.

mod answer;
mod asked;
mod entity;
mod keys;
mod run;

pub use answer::Answer;
pub(crate) use asked::secret;
pub use asked::{Asked, Speaker};
pub use run::{Subject, run, subject};

macro_rules! verbs {
    ($($verb:ident $service:literal $does:ident,)*) => {
        /// A verb.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Verb {
            $(#[doc = concat!(stringify!($verb), ", of ", $service, ".")] $verb,)*
        }

        impl Verb {
            /// All verbs.
            pub const ALL: [Verb; [$(stringify!($verb)),*].len()] = [$(Verb::$verb),*];

            /// The verb's name, AWS's.
            pub fn name(self) -> &'static str {
                match self { $(Verb::$verb => stringify!($verb),)* }
            }

            /// The action that policies allow or deny: `iam:CreateUser`.
            pub fn action(self) -> &'static str {
                match self { $(Verb::$verb => concat!($service, ":", stringify!($verb)),)* }
            }

            /// Whether it changes nothing.
            pub fn is_read_only(self) -> bool {
                match self { $(Verb::$verb => verbs!(@$does),)* }
            }
        }
    };
    (@reads) => { true };
    (@writes) => { false };
}

verbs! {
    CreateAccount "organizations" writes,
    ListAccounts "organizations" reads,
    CreateUser "iam" writes,
    GetUser "iam" reads,
    ListUsers "iam" reads,
    DeleteUser "iam" writes,
    TagUser "iam" writes,
    UntagUser "iam" writes,
    ListUserTags "iam" reads,
    PutUserPolicy "iam" writes,
    GetUserPolicy "iam" reads,
    ListUserPolicies "iam" reads,
    DeleteUserPolicy "iam" writes,
    CreateRole "iam" writes,
    GetRole "iam" reads,
    ListRoles "iam" reads,
    UpdateRole "iam" writes,
    DeleteRole "iam" writes,
    UpdateAssumeRolePolicy "iam" writes,
    TagRole "iam" writes,
    UntagRole "iam" writes,
    ListRoleTags "iam" reads,
    PutRolePolicy "iam" writes,
    GetRolePolicy "iam" reads,
    ListRolePolicies "iam" reads,
    DeleteRolePolicy "iam" writes,
    CreateAccessKey "iam" writes,
    ListAccessKeys "iam" reads,
    UpdateAccessKey "iam" writes,
    DeleteAccessKey "iam" writes,
}

impl Verb {
    /// The verb of this name.
    pub fn parse(name: &str) -> Option<Verb> {
        Verb::ALL.into_iter().find(|verb| verb.name() == name)
    }
}
