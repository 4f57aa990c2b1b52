//! The commands of `silk.conf` and their checks (semantics 1.2, messages 1.3).

use std::io;

use super::lexer::{Line, Lines, Style, Token, Word};
use super::{Sensor, SiteClass, SiteConfig, SiteError, SiteProblem, TypeEntry};
use crate::repository::PathFormat;

/// Nesting of included files, the first one counted.
const MAX_DEPTH: usize = 16;
/// Files in all: 15 levels of a file that includes itself twice would not end in a lifetime.
const MAX_FILES: usize = 1000;
/// Problems that are reported before parsing stops.
const MAX_PROBLEMS: usize = 1000;
const MAX_CLASSES: usize = 32;
const MAX_GROUPS: usize = 255;
const MAX_SENSOR_ID: u16 = 65534;
const MAX_FLOWTYPE_ID: u8 = 254;
const MAX_SENSOR_NAME: usize = 64;
const MAX_NAME: usize = 32;

pub(super) fn parse(
    name: &str,
    bytes: &[u8],
    include: &mut dyn FnMut(&str) -> io::Result<Vec<u8>>,
) -> Result<SiteConfig, SiteError> {
    let mut parser = Parser {
        site: SiteConfig::default(),
        version: None,
        groups: Vec::new(),
        block: Block::Top,
        problems: Vec::new(),
        include,
        files: 0,
    };
    let done = parser.file(name, bytes, 1);
    if done.is_ok() {
        parser.check_whole(name);
    }
    match parser.problems {
        problems if problems.is_empty() => Ok(parser.site),
        problems => Err(SiteError { problems }),
    }
}

/// Where the parser stands. `None`: in a block whose opening was refused, whose commands are not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Top,
    Class(Option<usize>),
    Group(Option<usize>),
}

impl Block {
    fn name(self) -> &'static str {
        match self {
            Self::Top => "top level",
            Self::Class(_) => "class",
            Self::Group(_) => "group",
        }
    }
}

/// Where a command is allowed.
#[derive(Debug, Clone, Copy)]
struct Allowed {
    top: bool,
    class: bool,
    group: bool,
}

const TOP: Allowed = Allowed { top: true, class: false, group: false };
const CLASS: Allowed = Allowed { top: false, class: true, group: false };
const ANY: Allowed = Allowed { top: true, class: true, group: true };
const BLOCKS: Allowed = Allowed { top: false, class: true, group: true };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Version,
    Sensor,
    Class,
    Group,
    DefaultClass,
    PathFormat,
    PackingLogic,
    Include,
    Sensors,
    Type,
    DefaultTypes,
    End,
}

/// The table of semantics 1.2.
const COMMANDS: [(&str, Command, Allowed); 12] = [
    ("version", Command::Version, TOP),
    ("sensor", Command::Sensor, TOP),
    ("class", Command::Class, TOP),
    ("group", Command::Group, TOP),
    ("default-class", Command::DefaultClass, TOP),
    ("path-format", Command::PathFormat, TOP),
    ("packing-logic", Command::PackingLogic, TOP),
    ("include", Command::Include, TOP),
    ("sensors", Command::Sensors, BLOCKS),
    ("type", Command::Type, CLASS),
    ("default-types", Command::DefaultTypes, CLASS),
    ("end", Command::End, ANY),
];

/// Why a command failed.
enum Failure {
    /// The arguments do not have the command's shape.
    Arguments,
    /// Something else, in words; several for a list of names.
    Messages(Vec<String>),
}

type Outcome = Result<(), Failure>;

fn fail<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Messages(vec![message.into()]))
}

/// Parsing must not go on.
struct Stop;

struct Group {
    name: String,
    sensors: Vec<u16>,
}

struct Parser<'a> {
    site: SiteConfig,
    version: Option<u8>,
    groups: Vec<Group>,
    block: Block,
    problems: Vec<SiteProblem>,
    include: &'a mut dyn FnMut(&str) -> io::Result<Vec<u8>>,
    files: usize,
}

impl Parser<'_> {
    fn file(&mut self, name: &str, bytes: &[u8], depth: usize) -> Result<(), Stop> {
        self.files += 1;
        for line in Lines::new(bytes) {
            let number = line.number;
            match self.line(&line) {
                Ok(Some(Command::Include)) => self.included(name, line, depth)?,
                Ok(Some(Command::Version)) => self.version(name, number, &line)?,
                Ok(_) => {}
                Err(messages) => {
                    for message in messages {
                        self.report(name, number, message)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn report(&mut self, file: &str, line: u64, message: String) -> Result<(), Stop> {
        self.problems.push(SiteProblem { file: file.to_owned(), line: Some(line), message });
        if self.problems.len() < MAX_PROBLEMS { Ok(()) } else { Err(Stop) }
    }

    /// Carries out a line; `version` and `include`, which may end everything, are left to the caller.
    fn line(&mut self, line: &Line) -> Result<Option<Command>, Vec<String>> {
        let Word::Atom(word) = &line.word else { return Err(vec!["Unrecognizable command".to_owned()]) };
        let Some(&(name, command, allowed)) = COMMANDS.iter().find(|(name, ..)| name == word) else {
            return Err(vec![format!("Unknown command '{word}'")]);
        };
        let here = match self.block {
            Block::Top => allowed.top,
            Block::Class(_) => allowed.class,
            Block::Group(_) => allowed.group,
        };
        if !here {
            return Err(vec![format!("Command '{name}' not allowed in {}", self.block.name())]);
        }
        let bad = || vec![format!("Bad arguments to command '{name}'")];
        let arguments = line.arguments.as_ref().ok_or_else(bad)?;
        match self.carry_out(command, arguments) {
            Ok(()) => Ok(Some(command)),
            Err(Failure::Arguments) => Err(bad()),
            Err(Failure::Messages(messages)) => Err(messages),
        }
    }

    fn carry_out(&mut self, command: Command, arguments: &[Token]) -> Outcome {
        match command {
            Command::Version => integer(only(arguments)?).map(|_| ()),
            Command::Include => name(only(arguments)?).map(|_| ()),
            Command::Sensor => self.sensor(arguments),
            Command::Class => self.open_class(name(only(arguments)?)),
            Command::Group => self.open_group(name(only(arguments)?)),
            Command::DefaultClass => self.default_class(name(only(arguments)?)?),
            Command::PathFormat => self.path_format(name(only(arguments)?)?),
            Command::PackingLogic => {
                self.site.packing_logic = Some(name(only(arguments)?)?.to_owned());
                Ok(())
            }
            Command::Sensors => self.sensors(arguments),
            Command::Type => self.add_type(arguments),
            Command::DefaultTypes => self.default_types(arguments),
            Command::End => self.end(only(arguments)?),
        }
    }

    fn version(&mut self, file: &str, number: u64, line: &Line) -> Result<(), Stop> {
        let text =
            line.arguments.iter().flatten().map(|token| token.text.as_str()).next().unwrap_or_default();
        match (self.version, text.parse()) {
            (Some(_), _) => self.report(file, number, "Multiple version commands specified".to_owned()),
            (None, Ok(version @ 1..=2)) => {
                self.version = Some(version);
                Ok(())
            }
            (None, _) => {
                self.report(file, number, format!("Unsupported version '{text}'"))?;
                Err(Stop)
            }
        }
    }

    fn included(&mut self, file: &str, line: Line, depth: usize) -> Result<(), Stop> {
        let Some(token) = line.arguments.into_iter().flatten().next() else { return Ok(()) };
        let path = token.text;
        if depth >= MAX_DEPTH || self.files >= MAX_FILES {
            let message = format!("Cannot include '{path}': includes nested too deeply");
            return self.report(file, line.number, message);
        }
        match (self.include)(&path) {
            Ok(bytes) => self.file(&path, &bytes, depth + 1),
            Err(error) => {
                let reason = match error.kind() {
                    io::ErrorKind::NotFound => "File does not exist or is not a regular file".to_owned(),
                    io::ErrorKind::Unsupported => "no other file is read here".to_owned(),
                    _ => error.to_string(),
                };
                self.report(file, line.number, format!("Cannot include '{path}': {reason}"))
            }
        }
    }

    fn sensor(&mut self, arguments: &[Token]) -> Outcome {
        let (id, name, description) = match arguments {
            [id, name] => (id, name, None),
            [id, name, note] if note.style == Style::Quoted => (id, name, Some(note.text.clone())),
            _ => return Err(Failure::Arguments),
        };
        let id = integer(id)?;
        let name = super::parse::name(name)?;
        if description.is_some() && self.version == Some(1) {
            return fail("Sensor descriptions are not allowed in version 1");
        }
        let id = match id.parse() {
            Ok(id @ ..=MAX_SENSOR_ID) => id,
            _ => return fail(format!("Invalid sensor id '{id}': use 0 to {MAX_SENSOR_ID}")),
        };
        check_sensor_name(name)?;
        if self.site.sensors.contains_key(&id) {
            return fail(format!("A sensor with id '{id}' already exists"));
        }
        if self.site.sensor_ids.contains_key(name) {
            return fail(format!("A sensor with name '{name}' already exists"));
        }
        self.site.sensor_ids.insert(name.to_owned(), id);
        self.site.sensors.insert(id, Sensor { id, name: name.to_owned(), description });
        Ok(())
    }

    fn open_class(&mut self, name: Result<&str, Failure>) -> Outcome {
        self.block = Block::Class(None);
        let name = name?;
        let known = self.site.class_index(name);
        if known.is_none() {
            check_name("class", name)?;
            if self.site.classes.len() >= MAX_CLASSES {
                return fail(format!("Cannot add class '{name}': there are {MAX_CLASSES} already"));
            }
            self.site.classes.push(SiteClass {
                name: name.to_owned(),
                sensors: Vec::new(),
                types: Vec::new(),
                default_types: Vec::new(),
            });
        }
        self.block = Block::Class(known.or_else(|| self.site.classes.len().checked_sub(1)));
        Ok(())
    }

    fn open_group(&mut self, name: Result<&str, Failure>) -> Outcome {
        self.block = Block::Group(None);
        let name = name?;
        let known = self.groups.iter().position(|group| group.name == name);
        if known.is_none() {
            if self.groups.len() >= MAX_GROUPS {
                return fail(format!("Cannot add group '{name}': there are {MAX_GROUPS} already"));
            }
            self.groups.push(Group { name: name.to_owned(), sensors: Vec::new() });
        }
        self.block = Block::Group(known.or_else(|| self.groups.len().checked_sub(1)));
        Ok(())
    }

    fn end(&mut self, what: &Token) -> Outcome {
        let open = match self.block {
            Block::Class(_) => "class",
            Block::Group(_) => "group",
            Block::Top => "",
        };
        match what.text.as_str() {
            "class" | "group" if what.style == Style::Atom && what.text == open => {
                self.block = Block::Top;
                Ok(())
            }
            "class" | "group" => {
                fail(format!("Command 'end {}' not allowed in {}", what.text, self.block.name()))
            }
            _ => Err(Failure::Arguments),
        }
    }

    fn default_class(&mut self, name: &str) -> Outcome {
        let Some(index) = self.site.class_index(name) else {
            return fail(format!("Cannot set default class: class '{name}' is not defined"));
        };
        match self.site.classes.get(index) {
            Some(class) if !class.sensors.is_empty() && !class.types.is_empty() => {
                self.site.default_class = Some(index);
                Ok(())
            }
            _ => fail("Failed to set default class"),
        }
    }

    fn path_format(&mut self, format: &str) -> Outcome {
        PathFormat::parse(format).map_err(|message| Failure::Messages(vec![message]))?;
        self.site.path_format = format.to_owned();
        Ok(())
    }

    /// `sensors` of a class or group. Every unknown name is reported, the known ones are added.
    fn sensors(&mut self, arguments: &[Token]) -> Outcome {
        let (what, owner) = match self.block {
            Block::Class(Some(i)) => ("class", self.site.classes.get(i).map(|class| class.name.clone())),
            Block::Group(Some(i)) => ("group", self.groups.get(i).map(|group| group.name.clone())),
            _ => return Ok(()),
        };
        let owner = owner.unwrap_or_default();
        let mut found = Vec::new();
        let mut groups = Vec::new();
        let mut missing = Vec::new();
        for token in arguments {
            let name = token.text.as_str();
            if let Some(group) = name.strip_prefix('@') {
                match self.groups.iter().position(|known| known.name == group) {
                    // Once is enough: a line of one group a million times must not take a million times its size.
                    Some(number) if groups.contains(&number) => {}
                    Some(number) => {
                        groups.push(number);
                        found.extend(self.groups.get(number).into_iter().flat_map(|group| &group.sensors));
                    }
                    None => missing
                        .push(format!("Cannot add group to {what} '{owner}': group '{name}' is not defined")),
                }
            } else {
                match self.site.sensor_by_name(name) {
                    Some(id) => found.push(id),
                    None => missing.push(format!(
                        "Cannot add sensor to {what} '{owner}': sensor '{name}' is not defined"
                    )),
                }
            }
        }
        let members = match self.block {
            Block::Class(Some(i)) => self.site.classes.get_mut(i).map(|class| &mut class.sensors),
            Block::Group(Some(i)) => self.groups.get_mut(i).map(|group| &mut group.sensors),
            _ => None,
        };
        if let Some(members) = members {
            add_new(members, &found);
        }
        all_known(missing)
    }

    fn add_type(&mut self, arguments: &[Token]) -> Outcome {
        let (id, name, flowtype) = match arguments {
            [id, name] => (id, name, None),
            [id, name, flowtype] => (id, name, Some(flowtype)),
            _ => return Err(Failure::Arguments),
        };
        let id = integer(id)?;
        let name = super::parse::name(name)?;
        let flowtype = flowtype.map(super::parse::name).transpose()?;
        let Block::Class(Some(index)) = self.block else { return Ok(()) };
        let Some(class) = self.site.classes.get_mut(index) else { return Ok(()) };
        let id = match id.parse() {
            Ok(id @ ..=MAX_FLOWTYPE_ID) => id,
            _ => return fail(format!("Invalid type id '{id}': use 0 to {MAX_FLOWTYPE_ID}")),
        };
        check_name("type", name)?;
        let flowtype = match flowtype {
            Some(flowtype) => {
                check_name("type prefix", flowtype)?;
                flowtype.to_owned()
            }
            None => default_flowtype(&class.name, name)?,
        };
        if self.site.types.contains_key(&id) {
            return fail(format!("A type with id '{id}' already exists"));
        }
        if self.site.types.values().any(|known| known.class == index && known.name == name) {
            return fail(format!("A type with name '{name}' already exists in class '{}'", class.name));
        }
        if self.site.types.values().any(|known| known.flowtype == flowtype) {
            return fail(format!("A type with prefix '{flowtype}' already exists"));
        }
        class.types.push(id);
        self.site.types.insert(id, TypeEntry { class: index, name: name.to_owned(), flowtype });
        Ok(())
    }

    fn default_types(&mut self, arguments: &[Token]) -> Outcome {
        let Block::Class(Some(index)) = self.block else { return Ok(()) };
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for token in arguments {
            let name = token.text.as_str();
            let known = self.site.types.iter().find(|(_, known)| known.class == index && known.name == name);
            match known {
                Some((&id, _)) => found.push(id),
                None => missing.push(name),
            }
        }
        let Some(class) = self.site.classes.get_mut(index) else { return Ok(()) };
        add_new(&mut class.default_types, &found);
        let in_class =
            |name| format!("Cannot set default type in class '{}': type '{name}' is not defined", class.name);
        all_known(missing.into_iter().map(in_class).collect())
    }

    fn check_whole(&mut self, file: &str) {
        for class in self.site.classes.iter().filter(|class| class.types.is_empty()) {
            self.problems.push(SiteProblem {
                file: file.to_owned(),
                line: None,
                message: format!("Site configuration error: class '{}' contains no types", class.name),
            });
        }
    }
}

/// Appends what is not there yet.
fn add_new<T: Copy + Into<u16>>(members: &mut Vec<T>, more: &[T]) {
    let mut known = vec![false; 1 << 16];
    let mut is_new = |id: T| {
        let known = known.get_mut(usize::from(id.into()));
        known.is_some_and(|known| !std::mem::replace(known, true))
    };
    members.iter().for_each(|&id| {
        is_new(id);
    });
    members.extend(more.iter().filter(|&&id| is_new(id)));
}

/// The outcome of a list of names, from the messages about the unknown ones.
fn all_known(messages: Vec<String>) -> Outcome {
    if messages.is_empty() { Ok(()) } else { Err(Failure::Messages(messages)) }
}

/// The one argument.
fn only(arguments: &[Token]) -> Result<&Token, Failure> {
    match arguments {
        [token] => Ok(token),
        _ => Err(Failure::Arguments),
    }
}

/// An unquoted integer, as digits.
fn integer(token: &Token) -> Result<&str, Failure> {
    if token.style == Style::Integer { Ok(&token.text) } else { Err(Failure::Arguments) }
}

/// A name, quoted or not.
fn name(token: &Token) -> Result<&str, Failure> {
    if token.text.is_empty() { Err(Failure::Arguments) } else { Ok(&token.text) }
}

fn check_sensor_name(name: &str) -> Outcome {
    let forbidden = |c: char| {
        c.is_ascii_whitespace() || c.is_ascii_control() || matches!(c, '_' | '/' | '\\' | '"' | '\'')
    };
    check("sensor", name, MAX_SENSOR_NAME, forbidden)
}

/// Names of classes, types and flowtypes.
fn check_name(what: &str, name: &str) -> Outcome {
    let forbidden = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '\\' | '"' | '\'');
    check(what, name, MAX_NAME, forbidden)
}

fn check(what: &str, name: &str, longest: usize, forbidden: impl Fn(char) -> bool) -> Outcome {
    if name.len() > longest {
        return fail(format!("Invalid {what} name '{name}': it is longer than {longest} characters"));
    }
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return fail(format!("Invalid {what} name '{name}': it does not begin with a letter"));
    }
    match name.chars().find(|&c| forbidden(c)) {
        Some(c) => fail(format!("Invalid {what} name '{name}': it contains {c:?}")),
        None => Ok(()),
    }
}

/// Class name and type name together. With exactly 32 characters the reference loses the last one (semantics 1.2).
fn default_flowtype(class: &str, name: &str) -> Result<String, Failure> {
    let joined = format!("{class}{name}");
    match joined.len() {
        ..MAX_NAME => Ok(joined),
        MAX_NAME => Ok(joined.chars().take(MAX_NAME - 1).collect()),
        _ => fail(format!("Invalid type prefix '{joined}': it is longer than {MAX_NAME} characters")),
    }
}

#[cfg(test)]
mod tests;
