//! A declaration that may be malformed. One such object must not stop the watch for all others.

use std::borrow::Cow;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A stored object, or what is left of one that could not be read. Readable ones are shared, not copied.
#[derive(Debug, Clone)]
pub struct Guarded<K>(pub Result<Arc<K>, Unread>);

/// What is left of an object that could not be read.
#[derive(Debug, Clone)]
pub struct Unread {
    /// Why it could not.
    pub error: String,
    /// Its metadata.
    pub metadata: ObjectMeta,
    /// Its spec as it is stored: what is taken from its author goes by that.
    pub spec: Value,
}

impl<'de, K: DeserializeOwned + Resource> Deserialize<'de> for Guarded<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut stored = Value::deserialize(deserializer)?;
        let error = match K::deserialize(&stored) {
            Ok(object) => return Ok(Self(Ok(Arc::new(object)))),
            Err(error) => error.to_string(),
        };
        let metadata = serde_json::from_value(stored["metadata"].take()).map_err(D::Error::custom)?;
        Ok(Self(Err(Unread { error, metadata, spec: stored["spec"].take() })))
    }
}

impl<K: Resource + Clone> Resource for Guarded<K> {
    type DynamicType = K::DynamicType;
    type Scope = K::Scope;

    fn kind(dynamic: &Self::DynamicType) -> Cow<'_, str> {
        K::kind(dynamic)
    }

    fn group(dynamic: &Self::DynamicType) -> Cow<'_, str> {
        K::group(dynamic)
    }

    fn version(dynamic: &Self::DynamicType) -> Cow<'_, str> {
        K::version(dynamic)
    }

    fn plural(dynamic: &Self::DynamicType) -> Cow<'_, str> {
        K::plural(dynamic)
    }

    fn meta(&self) -> &ObjectMeta {
        self.0.as_ref().map_or_else(|unread| &unread.metadata, |object| object.meta())
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        match &mut self.0 {
            Ok(object) => Arc::make_mut(object).meta_mut(),
            Err(unread) => &mut unread.metadata,
        }
    }
}
