//! Flow sequences and flow mappings.

use crate::yaml::parse::builder::{Container, Properties};
use crate::yaml::parse::fault::Cause;
use crate::yaml::parse::grammar::{Grammar, Parsed, State, fault};
use crate::yaml::parse::scan::token::Kind;

impl Grammar<'_, '_> {
    pub(super) fn flow_item(&mut self, first: bool) -> Parsed {
        let mut token = self.scanner.peek()?;
        if token.kind != Kind::FlowSeqEnd {
            if !first {
                if token.kind != Kind::Comma {
                    return Err(fault(Cause::FlowSeq, token));
                }
                self.take();
                token = self.scanner.peek()?;
            }
            if token.kind == Kind::Key {
                self.take();
                self.builder.open(token.start, Container::Pair, &Properties::default())?;
                self.states.extend([
                    State::FlowSeqItem,
                    State::PairEnd,
                    State::PairValue,
                    State::PairKey,
                ]);
                return Ok(());
            }
            if token.kind != Kind::FlowSeqEnd {
                self.states.push(State::FlowSeqItem);
                return self.node(false, false);
            }
        }
        let end = self.take().end;
        self.builder.close(end)?;
        Ok(())
    }

    pub(super) fn pair_key(&mut self) -> Parsed {
        let next = self.scanner.peek()?.kind;
        if matches!(next, Kind::Value | Kind::Comma | Kind::FlowSeqEnd) {
            return self.empty();
        }
        self.node(false, false)
    }

    pub(super) fn pair_value(&mut self) -> Parsed {
        if self.scanner.peek()?.kind == Kind::Value {
            self.take();
            let next = self.scanner.peek()?.kind;
            if !matches!(next, Kind::Comma | Kind::FlowSeqEnd) {
                return self.node(false, false);
            }
        }
        self.empty()
    }

    pub(super) fn flow_key(&mut self, first: bool) -> Parsed {
        let mut token = self.scanner.peek()?;
        if token.kind != Kind::FlowMapEnd {
            if !first {
                if token.kind != Kind::Comma {
                    return Err(fault(Cause::FlowMap, token));
                }
                self.take();
                token = self.scanner.peek()?;
            }
            if token.kind == Kind::Key {
                self.take();
                self.states.push(State::FlowMapValue);
                let next = self.scanner.peek()?.kind;
                if matches!(next, Kind::Value | Kind::Comma | Kind::FlowMapEnd) {
                    return self.empty();
                }
                return self.node(false, false);
            }
            if token.kind != Kind::FlowMapEnd {
                self.states.extend([State::FlowMapKey, State::FlowMapNoValue]);
                return self.node(false, false);
            }
        }
        let end = self.take().end;
        self.builder.close(end)?;
        Ok(())
    }

    pub(super) fn flow_value(&mut self) -> Parsed {
        self.states.push(State::FlowMapKey);
        if self.scanner.peek()?.kind == Kind::Value {
            self.take();
            let next = self.scanner.peek()?.kind;
            if !matches!(next, Kind::Comma | Kind::FlowMapEnd) {
                return self.node(false, false);
            }
        }
        self.empty()
    }
}
