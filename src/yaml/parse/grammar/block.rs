//! Block sequences and block mappings.

use crate::yaml::parse::fault::Cause;
use crate::yaml::parse::grammar::{Grammar, Parsed, State, fault};
use crate::yaml::parse::scan::token::Kind;

impl Grammar<'_, '_> {
    pub(super) fn seq_item(&mut self) -> Parsed {
        let token = self.scanner.peek()?;
        match token.kind {
            Kind::Dash => {
                self.take();
                self.states.push(State::SeqItem);
                let next = self.scanner.peek()?;
                if matches!(next.kind, Kind::Dash | Kind::BlockEnd) {
                    return self.empty();
                }
                self.node(true, false)
            }
            Kind::BlockEnd => self.end_block(),
            _ => Err(fault(Cause::NoItem, token)),
        }
    }

    fn end_block(&mut self) -> Parsed {
        self.take();
        self.builder.close(self.behind)?;
        Ok(())
    }

    pub(super) fn listed_item(&mut self) -> Parsed {
        if self.scanner.peek()?.kind != Kind::Dash {
            self.builder.close(self.behind)?;
            return Ok(());
        }
        self.take();
        self.states.push(State::ListedItem);
        let next = self.scanner.peek()?.kind;
        if matches!(next, Kind::Dash | Kind::Key | Kind::Value | Kind::BlockEnd) {
            return self.empty();
        }
        self.node(true, false)
    }

    pub(super) fn map_key(&mut self) -> Parsed {
        let token = self.scanner.peek()?;
        match token.kind {
            Kind::Key => {
                self.take();
                self.states.push(State::MapValue);
                let next = self.scanner.peek()?.kind;
                if matches!(next, Kind::Key | Kind::Value | Kind::BlockEnd) {
                    return self.empty();
                }
                self.node(true, true)
            }
            Kind::BlockEnd => self.end_block(),
            _ => Err(fault(Cause::NoKey, token)),
        }
    }

    pub(super) fn map_value(&mut self) -> Parsed {
        self.states.push(State::MapKey);
        if self.scanner.peek()?.kind != Kind::Value {
            return self.empty();
        }
        self.take();
        if self.builder.may_skim()
            && let Some(skimmed) = self.scanner.skim()
        {
            self.behind = skimmed.end;
            return Ok(self.builder.skimmed(skimmed)?);
        }
        let next = self.scanner.peek()?.kind;
        if matches!(next, Kind::Key | Kind::Value | Kind::BlockEnd) {
            return self.empty();
        }
        self.node(true, true)
    }
}
