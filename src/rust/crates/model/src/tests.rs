//! The table hangs together, and says of secrets what the service model says.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[test]
fn operations_are_sorted_and_found_by_name() {
    assert!(OPERATIONS.is_sorted_by(|one, next| one.name < next.name));
    for expected in OPERATIONS {
        let found = operation(expected.name).map(|found| found.method);
        assert_eq!(found, Some(expected.method));
    }
    for absent in [
        "",
        "describeKey",
        "DescribeKeyy",
        "describe_key",
        "AAA",
        "Zzz",
    ] {
        assert!(operation(absent).is_none(), "{absent}");
    }
}

#[test]
fn methods_spell_their_operations() {
    for operation in OPERATIONS {
        let spelt: String = operation
            .method
            .split('_')
            .flat_map(|word| [word[..1].to_uppercase(), word[1..].to_owned()])
            .collect();
        assert_eq!(spelt, operation.name);
    }
}

#[test]
fn names_are_well_formed_and_unique_where_they_stand() {
    for (owner, members) in member_lists() {
        assert_unique(&owner, members.iter().map(|member| member.name));
        for member in members {
            assert!(is_camel_case(member.name), "{owner}: {}", member.name);
        }
    }
    for structure in structures().values() {
        assert!(is_camel_case(structure.name), "{}", structure.name);
        assert!(!structure.members.is_empty(), "{}", structure.name);
    }
    for enumeration in enumerations().values() {
        assert!(is_camel_case(enumeration.name), "{}", enumeration.name);
        assert!(!enumeration.values.is_empty(), "{}", enumeration.name);
        assert_unique(enumeration.name, enumeration.values.iter().copied());
    }
    for operation in OPERATIONS {
        assert_unique(operation.name, operation.errors.iter().copied());
        for error in operation.errors {
            assert!(error.ends_with("Exception"), "{}: {error}", operation.name);
        }
    }
}

#[test]
fn a_name_means_one_structure_or_enumeration() {
    let structures = structures();
    let enumerations = enumerations();
    for_each_shape(&mut |shape| match shape {
        Shape::Structure(structure) => assert!(std::ptr::eq(structure, structures[structure.name])),
        Shape::Enum(enumeration) => {
            assert!(std::ptr::eq(enumeration, enumerations[enumeration.name]))
        }
        _ => {}
    });
    assert!(
        structures
            .keys()
            .all(|name| !enumerations.contains_key(name))
    );
}

#[test]
fn limits_stand_where_they_mean_something() {
    for (owner, members) in member_lists() {
        for member in members {
            let place = format!("{owner}.{}", member.name);
            let (limited, is_text) = match member.shape {
                Shape::String => (true, true),
                Shape::Blob | Shape::Integer | Shape::List(_) => (true, false),
                _ => (false, false),
            };
            assert!(
                limited || (member.min, member.max) == (None, None),
                "{place}"
            );
            assert!(is_text || member.pattern.is_none(), "{place}");
            if let (Some(min), Some(max)) = (member.min, member.max) {
                assert!(min <= max, "{place}");
            }
        }
    }
}

#[test]
fn newer_members_come_last() {
    for (owner, members) in member_lists() {
        assert!(members.is_sorted_by_key(|member| member.newer), "{owner}");
    }
    // Callers who do not know a member must get by without it, and so must the SDK.
    for (owner, members) in member_lists() {
        for member in members {
            assert!(
                !(member.required && (member.newer || !member.in_sdk)),
                "{owner}.{}",
                member.name
            );
        }
    }
}

#[test]
fn paginated_operations_have_what_paging_takes() {
    let pages: Vec<_> = OPERATIONS
        .iter()
        .filter(|operation| operation.page.is_some())
        .collect();
    assert_eq!(pages.len(), 8);
    for operation in pages {
        let page = operation
            .output
            .iter()
            .find(|member| Some(member.name) == operation.page);
        assert!(
            matches!(page.map(|page| page.shape), Some(Shape::List(_))),
            "{}",
            operation.name
        );
        for (members, name) in [
            (operation.input, "Limit"),
            (operation.input, "Marker"),
            (operation.output, "NextMarker"),
            (operation.output, "Truncated"),
        ] {
            assert!(
                members.iter().any(|member| member.name == name),
                "{}: {name}",
                operation.name
            );
        }
    }
}

/// Written down once more from the service model's `sensitive` shapes (`KeyStorePasswordType`, `PlaintextType` and the
/// two of `XksProxyAuthenticationCredentialType`), so that a slip in the table cannot uncover a secret unnoticed.
#[test]
fn sensitive_members_are_those_the_service_model_marks() {
    let expected = BTreeSet::from(
        [
            "CreateCustomKeyStore.input.KeyStorePassword",
            "Decapsulate.output.SharedSecret",
            "Decrypt.output.Plaintext",
            "DeriveSharedSecret.output.SharedSecret",
            "Encapsulate.output.SharedSecret",
            "Encrypt.input.Plaintext",
            "GenerateDataKey.output.Plaintext",
            "GenerateDataKeyPair.output.PrivateKeyPlaintext",
            "GenerateMac.input.Message",
            "GenerateRandom.output.Plaintext",
            "GetParametersForImport.output.PublicKey",
            "Sign.input.Message",
            "UpdateCustomKeyStore.input.KeyStorePassword",
            "Verify.input.Message",
            "VerifyMac.input.Message",
            "XksProxyAuthenticationCredentialType.AccessKeyId",
            "XksProxyAuthenticationCredentialType.RawSecretAccessKey",
            "XksProxyConfigurationType.AccessKeyId",
        ]
        .map(str::to_owned),
    );
    let marked: BTreeSet<_> = member_lists()
        .into_iter()
        .flat_map(|(owner, members)| {
            members
                .iter()
                .filter(|member| member.sensitive)
                .map(move |member| format!("{owner}.{}", member.name))
        })
        .collect();
    assert_eq!(marked, expected);
}

/// Every list of members there is, with the name of what it belongs to.
fn member_lists() -> Vec<(String, &'static [Member])> {
    let of_operations = OPERATIONS.iter().flat_map(|operation| {
        [
            (format!("{}.input", operation.name), operation.input),
            (format!("{}.output", operation.name), operation.output),
        ]
    });
    let of_structures = structures()
        .into_values()
        .map(|structure| (structure.name.to_owned(), structure.members));
    of_operations.chain(of_structures).collect()
}

fn structures() -> BTreeMap<&'static str, &'static Structure> {
    let mut found = BTreeMap::new();
    for_each_shape(&mut |shape| {
        if let Shape::Structure(structure) = shape {
            found.insert(structure.name, structure);
        }
    });
    found
}

fn enumerations() -> BTreeMap<&'static str, &'static Enumeration> {
    let mut found = BTreeMap::new();
    for_each_shape(&mut |shape| {
        if let Shape::Enum(enumeration) = shape {
            found.insert(enumeration.name, enumeration);
        }
    });
    found
}

/// Visits every shape of every request and answer, however deep.
fn for_each_shape(visit: &mut impl FnMut(Shape)) {
    fn walk(shape: Shape, visit: &mut impl FnMut(Shape)) {
        visit(shape);
        match shape {
            Shape::List(element) => walk(*element, visit),
            Shape::Structure(structure) => structure
                .members
                .iter()
                .for_each(|member| walk(member.shape, visit)),
            _ => {}
        }
    }
    for operation in OPERATIONS {
        for member in operation.input.iter().chain(operation.output) {
            walk(member.shape, visit);
        }
    }
}

fn is_camel_case(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

fn assert_unique<'a>(owner: &str, names: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for name in names {
        assert!(seen.insert(name), "{owner}: {name} twice");
    }
}
