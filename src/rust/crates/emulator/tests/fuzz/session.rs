//! A session: an emulator, and the calls, jumps of time and misfortunes that some bytes stand for. Whatever they are, every
//! answer is one that AWS could have given, and in the end the emulator still works.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::time::Duration;

use kmsr_emulator::{Emulator, Fault, FaultKind};
use kmsr_model::{Member, OPERATIONS, Operation, Shape};
use serde_json::{Map, Value};

use super::choices::Choices;
use super::damage;
use super::grammar::{Memory, request};
use super::wire::{Answer, Connection, emulator, signed};

/// More would only be slower.
const MOST_STEPS: usize = 32;
const INJECTED: &str = "InjectedException";

/// Runs what the bytes say; the names of the operations that succeeded.
///
/// # Panics
/// When the emulator does what AWS never does.
pub fn run(bytes: &[u8]) -> BTreeSet<&'static str> {
    let mut choices = Choices::new(bytes);
    let emulator = emulator();
    let mut session = Session {
        connection: Connection::to(&emulator),
        emulator,
        memory: Memory::default(),
        may_be_cut: false,
        succeeded: BTreeSet::new(),
    };
    for _ in 0..MOST_STEPS {
        if choices.is_empty() {
            break;
        }
        session.step(&mut choices);
    }
    session.still_works();
    session.succeeded
}

struct Session {
    connection: Connection,
    emulator: Emulator,
    memory: Memory,
    may_be_cut: bool,
    succeeded: BTreeSet<&'static str>,
}

impl Session {
    fn step(&mut self, choices: &mut Choices<'_>) {
        match choices.below(32) {
            0 => self.emulator.advance(choices.of(&[
                Duration::from_secs(1),
                Duration::from_secs(3601),
                days(1),
                days(8),
                days(31),
                days(366),
                days(4000),
                days(4_000_000),
                Duration::MAX,
            ])),
            1 => self.misfortune(choices),
            2..6 => self.call_intact(choices, operation("CreateKey")),
            6..14 => {
                let next = self.memory.next(choices);
                self.call_intact(choices, operation(next));
            }
            _ => {
                let operation = &OPERATIONS[choices.below(OPERATIONS.len())];
                let region = if choices.once_in(8) {
                    "eu-west-1"
                } else {
                    "us-east-1"
                };
                let mut members = request(choices, &self.memory, operation);
                let intact = !choices.once_in(2);
                if !intact {
                    for _ in 0..choices.below(3) {
                        damage::values(choices, &mut members);
                    }
                }
                let body = damage::text(choices, &members, intact);
                self.call(region, operation, &members, Some(&body));
            }
        }
    }

    fn call_intact(&mut self, choices: &mut Choices<'_>, operation: &'static Operation) {
        let members = request(choices, &self.memory, operation);
        self.call("us-east-1", operation, &members, None);
    }

    fn misfortune(&mut self, choices: &mut Choices<'_>) {
        let kind = match choices.below(6) {
            0 => FaultKind::Throttle,
            1 => FaultKind::Refuse {
                code: INJECTED.to_owned(),
                message: "injected".to_owned(),
                status: 503,
            },
            2 => {
                self.may_be_cut = true;
                choices
                    .of(&[&FaultKind::CutAnswer, &FaultKind::CutBeforeAnswer])
                    .clone()
            }
            3 => return self.emulator.set_new_key_delay(Duration::from_secs(5)),
            4 => {
                return self
                    .emulator
                    .set_quotas(Some(choices.of(&[1.0, 0.0, 1e300])));
            }
            _ => return self.clear(),
        };
        self.emulator.fault(Fault {
            operation: None,
            kind,
            after: 0,
            times: Some(1),
        });
    }

    fn clear(&mut self) {
        self.emulator.clear_faults();
        self.emulator.set_quotas(None);
        self.may_be_cut = false;
    }

    /// Sends a request, or the members as they are, and judges the answer.
    fn call(
        &mut self,
        region: &str,
        operation: &'static Operation,
        members: &Map<String, Value>,
        body: Option<&[u8]>,
    ) -> Option<Map<String, Value>> {
        let plain = Value::Object(members.clone()).to_string();
        let body = body.unwrap_or(plain.as_bytes());
        let request = signed(region, operation.name, body);
        let answer = match self.connection.ask(&request) {
            Ok(answer) => answer,
            Err(error) => {
                let is_cut = matches!(
                    error.kind(),
                    ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
                );
                assert!(self.may_be_cut && is_cut, "{}: {error:?}", operation.name);
                return None;
            }
        };
        let outcome = judge(operation, &answer).unwrap_or_else(|what| {
            panic!(
                "{what}\n{} {}\n{} {}",
                operation.name,
                String::from_utf8_lossy(body),
                answer.status,
                String::from_utf8_lossy(&answer.body)
            )
        });
        if let Some(members_of_answer) = &outcome {
            self.succeeded.insert(operation.name);
            self.memory
                .remember(operation.name, members, members_of_answer);
        }
        outcome
    }

    fn still_works(&mut self) {
        self.clear();
        let created = self.call("us-east-1", operation("CreateKey"), &Map::new(), None);
        let mut created = created.expect("a key can be made");
        let key_id = created["KeyMetadata"]["KeyId"].take();
        let members = Map::from_iter([("KeyId".to_owned(), key_id)]);
        let described = self.call("us-east-1", operation("DescribeKey"), &members, None);
        described.expect("and described");
    }
}

fn operation(name: &str) -> &'static Operation {
    kmsr_model::operation(name).expect("the table has every operation")
}

fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

/// What can be refused whatever the operation.
const COMMON_REFUSALS: &[&str] = &[
    "AccessDeniedException",
    "InvalidArnException",
    "InvalidMarkerException",
    // An alias that is reserved for AWS.
    "NotAuthorizedException",
    "ValidationException",
    "SerializationException",
    "ThrottlingException",
];

/// The members of a good answer, `None` for a good refusal, or what is wrong with it.
fn judge(
    operation: &'static Operation,
    answer: &Answer,
) -> Result<Option<Map<String, Value>>, String> {
    if answer.status == 413 {
        return Ok(None);
    }
    let header = |name: &str| answer.header(name).ok_or(format!("no {name}"));
    if header("content-type")? != "application/x-amz-json-1.1" {
        return Err("another type than JSON".to_owned());
    }
    if header("x-amzn-requestid")?.len() != 36 || !header("date")?.ends_with(" GMT") {
        return Err("no request id or no date".to_owned());
    }
    let members = if answer.body.is_empty() {
        Map::new()
    } else {
        serde_json::from_slice(&answer.body).map_err(|error| format!("no JSON object: {error}"))?
    };
    match answer.status {
        200 => {
            conforms(operation.output, &members)?;
            Ok(Some(members))
        }
        400 => {
            let code = members
                .get("__type")
                .and_then(Value::as_str)
                .ok_or("no code")?;
            let message = members.get("message").and_then(Value::as_str);
            // What AWS has and the emulator has not.
            let is_left_out = code == "UnsupportedOperationException"
                && message.is_some_and(|message| message.contains("not emulated"));
            if !operation.errors.contains(&code) && !COMMON_REFUSALS.contains(&code) && !is_left_out
            {
                return Err(format!("{code} is none of the operation's errors"));
            }
            let only_known = members
                .iter()
                .all(|(name, value)| name == "__type" || name == "message" && value.is_string());
            only_known
                .then_some(None)
                .ok_or("more than a code and a message".to_owned())
        }
        503 if members.get("__type").is_some_and(|code| code == INJECTED) => Ok(None),
        status => Err(format!("status {status}")),
    }
}

/// Whether an answer has members of the table alone, of the table's types.
fn conforms(table: &[Member], members: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in members {
        let member = table
            .iter()
            .find(|member| member.name == name)
            .ok_or_else(|| format!("a member {name}"))?;
        // AWS documents that this one equals KeySpec, and lists fewer values.
        let is_extended = name == "CustomerMasterKeySpec" && value.is_string();
        if !is_extended && !fits(member.shape, value)? {
            return Err(format!("{name} has another type"));
        }
    }
    Ok(())
}

fn fits(shape: Shape, value: &Value) -> Result<bool, String> {
    Ok(match shape {
        Shape::String | Shape::Blob => value.is_string(),
        Shape::Enum(enumeration) => value
            .as_str()
            .is_some_and(|text| enumeration.values.contains(&text)),
        Shape::Timestamp => value.is_number(),
        Shape::Integer => value.is_i64(),
        Shape::Boolean => value.is_boolean(),
        Shape::List(item) => {
            let items = value.as_array().ok_or("no list")?;
            for value in items {
                if !fits(*item, value)? {
                    return Ok(false);
                }
            }
            true
        }
        Shape::Map => value.is_object(),
        Shape::Structure(structure) => {
            conforms(structure.members, value.as_object().ok_or("no structure")?)?;
            true
        }
    })
}
