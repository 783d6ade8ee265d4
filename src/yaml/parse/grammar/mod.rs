//! From tokens to documents: the states of the parser that Kubernetes uses, go-yaml's, which follows libyaml.

mod block;
mod flow;

use crate::text::span::Span;
use crate::yaml::parse::builder::{Builder, Container, Properties};
use crate::yaml::parse::directive::Directives;
use crate::yaml::parse::fault::{Cause, Fault, explain};
use crate::yaml::parse::scan::Scanner;
use crate::yaml::parse::scan::token::{Kind, Token};
use crate::yaml::parse::{Stream, SyntaxError};

/// What is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The end of a document.
    DocumentEnd,
    SeqFirst,
    SeqItem,
    /// The next item of a list whose dashes are at the column of the parent key.
    ListedItem,
    MapFirst,
    MapKey,
    MapValue,
    FlowSeqFirst,
    FlowSeqItem,
    /// A single pair as an item of a flow sequence: its key, its value, its end.
    PairKey,
    PairValue,
    PairEnd,
    FlowMapFirst,
    FlowMapKey,
    FlowMapValue,
    /// The missing value of a key without `:` in a flow mapping.
    FlowMapNoValue,
}

/// Drives the builder.
pub(super) struct Grammar<'t, 's> {
    scanner: Scanner<'t>,
    builder: Builder<'s>,
    states: Vec<State>,
    directives: Directives,
    /// The end of the last non-empty token.
    behind: usize,
    /// Whether the last document ended with `...`.
    ended: bool,
}

/// Why parsing stopped.
enum Stop {
    Fault(Fault),
    Refused(SyntaxError),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<SyntaxError> for Stop {
    fn from(error: SyntaxError) -> Self {
        Self::Refused(error)
    }
}

type Parsed = Result<(), Stop>;

impl<'t, 's> Grammar<'t, 's> {
    pub(super) fn new(text: &'t str, builder: Builder<'s>) -> Self {
        let scanner = Scanner::new(text);
        let directives = Directives::default();
        Self {
            scanner,
            builder,
            states: Vec::with_capacity(16),
            directives,
            behind: 0,
            ended: false,
        }
    }

    /// Reads the mapping whose first key starts at a byte, and which extends to the end of the text.
    pub(super) fn inside(text: &'t str, start: usize, builder: Builder<'s>) -> Self {
        Self { scanner: Scanner::inside(text, start), ..Self::new(text, builder) }
    }

    /// Reads all documents.
    pub(super) fn run(mut self) -> Result<Stream, SyntaxError> {
        let source = self.builder.source();
        match self.documents() {
            Ok(()) => Ok(self.builder.finish(self.scanner.comments)),
            Err(Stop::Fault(fault)) => Err(explain(source, fault)),
            Err(Stop::Refused(error)) => Err(error),
        }
    }

    fn documents(&mut self) -> Parsed {
        let mut first = true;
        loop {
            while self.scanner.peek()?.kind == Kind::DocumentEnd {
                self.take();
                self.ended = true;
            }
            let token = self.scanner.peek()?;
            match token.kind {
                Kind::End => return Ok(()),
                Kind::Directive | Kind::DocumentStart => self.begin()?,
                // A second document needs its `---`, or `...` before it.
                _ if first || self.ended => self.directives = Directives::default(),
                _ => return Err(fault(Cause::NoDocument, token)),
            }
            first = false;
            self.document()?;
        }
    }

    /// The directives of a document, and its `---`.
    fn begin(&mut self) -> Parsed {
        self.directives = Directives::default();
        loop {
            let token = self.scanner.peek()?;
            match token.kind {
                Kind::Directive => {
                    let text = self.builder.source().slice(Span::new(token.start, token.end));
                    self.directives.take(text).map_err(|cause| fault(cause, token))?;
                    self.take();
                }
                Kind::DocumentStart => {
                    self.take();
                    return Ok(());
                }
                _ => return Err(fault(Cause::NoDocument, token)),
            }
        }
    }

    /// The content of a document, and its end.
    fn document(&mut self) -> Parsed {
        let token = self.scanner.peek()?;
        self.states.push(State::DocumentEnd);
        let bare = matches!(
            token.kind,
            Kind::Directive | Kind::DocumentStart | Kind::DocumentEnd | Kind::End
        );
        if bare {
            self.empty()?;
        } else {
            self.node(true, false)?;
        }
        while let Some(state) = self.states.pop() {
            if state == State::DocumentEnd {
                break;
            }
            self.step(state)?;
        }
        let token = self.scanner.peek()?;
        self.ended = token.kind == Kind::DocumentEnd;
        self.builder.document(if self.ended { token.end } else { token.start })?;
        if self.ended {
            self.take();
        }
        Ok(())
    }

    fn step(&mut self, state: State) -> Parsed {
        match state {
            State::DocumentEnd => Ok(()),
            State::SeqFirst | State::SeqItem => self.seq_item(),
            State::ListedItem => self.listed_item(),
            State::MapFirst | State::MapKey => self.map_key(),
            State::MapValue => self.map_value(),
            State::FlowSeqFirst => self.flow_item(true),
            State::FlowSeqItem => self.flow_item(false),
            State::PairKey => self.pair_key(),
            State::PairValue => self.pair_value(),
            State::PairEnd => {
                self.builder.close(self.behind)?;
                Ok(())
            }
            State::FlowMapFirst => self.flow_key(true),
            State::FlowMapKey => self.flow_key(false),
            State::FlowMapValue => self.flow_value(),
            State::FlowMapNoValue => self.empty(),
        }
    }

    /// Consumes the token that was peeked last.
    fn take(&mut self) -> Token {
        // A peeked token is always present.
        let token = self.scanner.take().unwrap_or(Token { kind: Kind::End, start: 0, end: 0 });
        if token.end > token.start {
            self.behind = token.end;
        }
        token
    }

    fn empty(&mut self) -> Parsed {
        self.builder.empty(self.behind, &Properties::default())?;
        Ok(())
    }

    /// A value with its anchor and tag.
    fn node(&mut self, block: bool, listed: bool) -> Parsed {
        let mut token = self.scanner.peek()?;
        if token.kind == Kind::Alias {
            self.take();
            self.builder.alias(Span::new(token.start, token.end))?;
            return Ok(());
        }
        let mut properties = Properties::default();
        while matches!(token.kind, Kind::Anchor | Kind::Tag) {
            let span = Span::new(token.start, token.end);
            if token.kind == Kind::Anchor {
                if properties.anchor.replace(span).is_some() {
                    return Err(fault(Cause::TwoAnchors, token));
                }
            } else {
                let text = self.builder.source().slice(span);
                let tag =
                    self.directives.tag(text).ok_or_else(|| fault(Cause::TagHandle, token))?;
                if properties.tag.replace(tag).is_some() {
                    return Err(fault(Cause::TwoTags, token));
                }
            }
            self.take();
            token = self.scanner.peek()?;
        }
        self.content(token, block, listed, &properties)
    }

    fn content(
        &mut self,
        token: Token,
        block: bool,
        listed: bool,
        properties: &Properties,
    ) -> Parsed {
        let span = Span::new(token.start, token.end);
        let (shape, state) = match token.kind {
            Kind::Text(style, verbatim) => {
                self.take();
                self.builder.text(span, style, verbatim, properties)?;
                return Ok(());
            }
            Kind::Block(style) => {
                self.take();
                let text = self.scanner.blocks.pop_front().unwrap_or_default();
                self.builder.block(span, style, text, properties)?;
                return Ok(());
            }
            Kind::Dash if listed => (Container::Seq { flow: false }, State::ListedItem),
            Kind::FlowSeq => (Container::Seq { flow: true }, State::FlowSeqFirst),
            Kind::FlowMap => (Container::Map { flow: true }, State::FlowMapFirst),
            Kind::BlockSeq if block => (Container::Seq { flow: false }, State::SeqFirst),
            Kind::BlockMap if block => (Container::Map { flow: false }, State::MapFirst),
            _ if properties.anchor.is_some() || properties.tag.is_some() => {
                self.builder.empty(self.behind, properties)?;
                return Ok(());
            }
            _ => return Err(fault(Cause::NoContent, token)),
        };
        // The dash of a list that opened no block of its own belongs to its first item.
        if token.kind != Kind::Dash {
            self.take();
        }
        self.builder.open(token.start, shape, properties)?;
        self.states.push(state);
        Ok(())
    }
}

const fn fault(cause: Cause, token: Token) -> Stop {
    Stop::Fault(Fault { cause, at: token.start })
}
