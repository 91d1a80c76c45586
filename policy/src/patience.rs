//! How much a decision may ask of the facts, so that its time is bounded however documents and requests go together: an
//! encryption context of thousands of pairs meets a policy of hundreds of variables. What a decision is that was not
//! brought to its end, `decide` says.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::request::{Arity, Facts, Value};

/// Facts that answer so long and no longer: then nothing is there any more, and the decision that asks is void.
pub(crate) struct Patience<'a> {
    facts: &'a dyn Facts,
    left: AtomicUsize,
}

impl<'a> Patience<'a> {
    pub(crate) fn with(facts: &'a dyn Facts) -> Patience<'a> {
        Patience { facts, left: AtomicUsize::new(ENOUGH) }
    }

    /// Whether a question was not answered any more.
    pub(crate) fn is_lost(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }

    fn spend(&self, amount: usize) {
        let left = self.left.load(Ordering::Relaxed);
        self.left.store(left.saturating_sub(amount), Ordering::Relaxed);
    }
}

impl Facts for Patience<'_> {
    fn values(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        if self.is_lost() {
            return Arity::Absent;
        }
        let mut spent = 1;
        let arity = self.facts.values(key, &mut |value| {
            spent += 1;
            visit(value);
        });
        self.spend(spent);
        arity
    }
}

/// Questions and values. The longest policy has some hundreds of conditions, and a request some tens of values.
const ENOUGH: usize = 65_536;

#[cfg(test)]
mod tests {
    use crate::circumstances::Circumstances;
    use crate::decide::{Effect, decide};
    use crate::document::{Document, Kind};
    use crate::request::{Principal, Request, Who};
    use crate::voice::{Attached, Voices};

    /// The decision about a Deny of which every value of `t:keys` is to be compared with so many variables.
    fn effect(variables: usize) -> Effect {
        let listed: Vec<String> = (0..variables).map(|number| format!("\"${{t:v}}{number}\"")).collect();
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[
                {{"Effect":"Allow","Action":"*","Resource":"*"}},
                {{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{
                  "ForAnyValue:StringEquals":{{"t:keys":[{}]}},"Null":{{"t:v":"false"}}}}}}]}}"#,
            listed.join(",")
        );
        let document = Document::compile(&text, Kind::Identity).expect("it compiles");
        let attached = [Attached { name: "p", document: &document }];
        let facts = Circumstances::default().with("t:v", "v").with_many("t:keys", &["a"; 1_000]);
        let request = Request {
            principal: Principal { account: "111122223333", partition: "aws", who: Who::Root },
            action: "kms:Encrypt",
            resource: None,
            across_accounts: false,
            context: None,
            facts: &facts,
        };
        decide(&request, &Voices { identity_policies: &attached, ..Voices::default() }).effect()
    }

    #[test]
    fn what_is_not_decided_to_its_end_is_not_allowed() {
        assert_eq!(effect(30), Effect::Allow, "60,000 questions and values, and no Deny among them");
        assert_eq!(effect(40), Effect::Deny);
        assert_eq!(effect(900), Effect::Deny);
    }
}
