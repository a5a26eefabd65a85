//! What the directory says about the people of some rows by now, and about those whom their values name.

use super::{Bench, EntryFacts, Item};
use crate::clock;
use crate::identity::EntryId;
use crate::identity::population::Batch;
use crate::mapping::Desired;
use crate::model::EntryEvidence;
use crate::model::field::FieldKind;
use crate::source::Source;
use std::collections::HashMap;
use std::sync::Arc;

impl Bench<'_> {
    /// Looks the entries of some rows up, all of them with one question.
    pub(in crate::apply) async fn facts_of(&self, items: &[Item]) -> Vec<Option<EntryFacts>> {
        let ids: Vec<EntryId> = items.iter().filter_map(|i| i.row.entry.as_ref()).map(|e| EntryId::new(e.id.as_str())).collect();
        if ids.is_empty() || self.is_undo {
            return items.iter().map(|_| None).collect();
        }
        let mut source = self.source.lock().await;
        let (answers, batch) = source.reread(self.schema, &ids).await;
        let at = tokio::time::Instant::now();
        let batch = Arc::new(batch);
        // Directories compare ids without regard to case.
        let places: HashMap<String, usize> = batch.iter().enumerate().map(|(at, row)| (row.id().to_ascii_lowercase(), at)).collect();
        let references = Arc::new(self.accounts_named(items, &batch, &mut source).await);
        drop(source);
        let mut evidence: HashMap<String, EntryEvidence> = answers.into_iter().map(|(id, e)| (id.as_str().to_owned(), e)).collect();
        let facts = |item: &Item| {
            let id = &item.row.entry.as_ref()?.id;
            let place = places.get(&id.to_ascii_lowercase()).copied();
            let evidence = evidence.remove(id).or_else(|| Some(EntryEvidence::Unknown { cause: "it was asked for twice".to_owned() }))?;
            Some(EntryFacts { evidence, values: place.map(|at| (Arc::clone(&batch), at)), at, references: Arc::clone(&references) })
        };
        items.iter().map(facts).collect()
    }

    /// The accounts of the people whom the values of some rows name, as far as they are linked.
    pub(in crate::apply) async fn accounts_named(&self, items: &[Item], batch: &Batch, source: &mut Source) -> HashMap<String, String> {
        let rules: Vec<usize> =
            (0..self.rules.rules().len()).filter(|i| self.rules.rules()[*i].field.kind == FieldKind::Reference).collect();
        let names = |item: &Item| rules.iter().any(|i| item.row.changes.iter().any(|c| c.field == self.rules.rules()[*i].field.name));
        if rules.is_empty() || !items.iter().any(names) {
            return HashMap::new();
        }
        let mut dns: Vec<String> = Vec::new();
        for values in batch.iter() {
            for rule in &rules {
                if let Desired::Value(dn) = self.rules.desired(*rule, values, &self.cx) {
                    dns.push(dn.plain().into_owned());
                }
            }
        }
        dns.sort();
        dns.dedup();
        self.accounts_of(&dns, source).await
    }

    /// The accounts that the people with these DNs are linked to.
    pub(in crate::apply) async fn accounts_of(&self, dns: &[String], source: &mut Source) -> HashMap<String, String> {
        let mut entries: Vec<(String, String)> = Vec::new();
        for (dn, identified) in source.identify(dns).await {
            if let crate::model::Identified::Entry(id) = identified {
                entries.push((dn, id.as_str().to_owned()));
            }
        }
        let service = self.service.to_owned();
        let asked = entries.clone();
        let linked = self.journal.with(move |journal| {
            let users: Vec<(Option<&str>, Option<&str>)> = asked.iter().map(|(_, id)| (Some(id.as_str()), None)).collect();
            journal.remembered_of(&service, clock::now(), &users)
        });
        let linked = linked.await.and_then(|r| r).unwrap_or_default();
        entries.into_iter().zip(linked).filter_map(|((dn, _), memory)| Some((dn, memory.account_of_entry?))).collect()
    }
}
