//! Which rules run, and at which level.

use crate::config::place::At;
use crate::config::settings::{Config, RuleLevel};
use crate::finding::Level;
use crate::lint::rule::Rule;
use crate::lint::rules::{RULES, by_id, unused_setting};
use crate::text::nearest::nearest;
use crate::text::source::Place;

/// The rules that run.
pub struct Selection {
    /// Each with the level of its findings; `None` for the one that they have by themselves.
    pub rules: Vec<(&'static Rule, Option<Level>)>,
}

/// An unknown rule.
#[derive(Debug, Clone, thiserror::Error)]
#[error("there is no rule `{id}`")]
pub struct UnknownRule {
    /// What was named.
    pub id: String,
    /// Where `rotate.yaml` names it.
    pub place: Option<Place>,
}

impl UnknownRule {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        nearest(&self.id, RULES.iter().map(|rule| rule.id)).map_or_else(
            || "`rotate explain` lists the rules".to_owned(),
            |id| format!("did you mean `{id}`? `rotate explain` lists the rules"),
        )
    }
}

impl Selection {
    /// Every rule that the settings do not switch off.
    ///
    /// # Errors
    /// When the settings name an unknown rule.
    pub fn of(config: &Config) -> Result<Self, UnknownRule> {
        let levels = &config.lint.rules;
        if let Some((id, _)) = levels.iter().find(|(id, _)| by_id(id).is_none()) {
            let at = [At::Value("lint"), At::Value("rules"), At::Key(id)];
            return Err(UnknownRule { id: id.clone(), place: config.place(&at) });
        }
        let level = |rule: &'static Rule| match levels.get(rule.id) {
            None => Some(None),
            Some(RuleLevel::Off) => None,
            Some(RuleLevel::Info) => Some(Some(Level::Info)),
            Some(RuleLevel::Warning) => Some(Some(Level::Warning)),
            Some(RuleLevel::Error) => Some(Some(Level::Error)),
        };
        let rules = RULES.iter().filter_map(|rule| Some((*rule, level(rule)?))).collect();
        Ok(Self { rules })
    }

    /// The rules that can find an error in an environment, which is all that closes a gate.
    ///
    /// # Errors
    /// When the settings name an unknown rule.
    pub fn errors(config: &Config) -> Result<Self, UnknownRule> {
        let mut selection = Self::of(config)?;
        selection.rules.retain(|(rule, level)| {
            // Some of its findings are errors, whatever the others are.
            let raises = rule.id == unused_setting::RULE.id;
            raises || level.unwrap_or(rule.level) == Level::Error
        });
        Ok(selection)
    }

    /// One rule alone, at its own level.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn only(id: &str) -> Result<Self, UnknownRule> {
        let rule = by_id(id).ok_or_else(|| UnknownRule { id: id.to_owned(), place: None })?;
        Ok(Self { rules: vec![(rule, None)] })
    }

    /// The level of a rule that runs.
    #[must_use]
    pub fn level(&self, id: &str) -> Option<Level> {
        let (rule, level) = self.rules.iter().find(|(rule, _)| rule.id == id)?;
        Some(level.unwrap_or(rule.level))
    }
}
