//! Fabric's messages on gRPC's streams.

use std::marker::PhantomData;

use bytes::Buf as _;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::wire::{Message, Shaped, decode};

/// Writes messages `S` and reads messages `R`, the latter by [`decode`].
#[derive(Debug)]
pub struct WireCodec<S, R>(PhantomData<fn(S) -> R>);

impl<S, R> Default for WireCodec<S, R> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<S: Message + 'static, R: Shaped + 'static> Codec for WireCodec<S, R> {
    type Encode = S;
    type Decode = R;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self::default()
    }

    fn decoder(&mut self) -> Self {
        Self::default()
    }
}

impl<S: Message + 'static, R: Shaped + 'static> Encoder for WireCodec<S, R> {
    type Item = S;
    type Error = Status;

    fn encode(&mut self, item: S, dst: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(dst).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<S: Message + 'static, R: Shaped + 'static> Decoder for WireCodec<S, R> {
    type Item = R;
    type Error = Status;

    fn decode(&mut self, src: &mut DecodeBuf<'_>) -> Result<Option<R>, Status> {
        let octets = src.copy_to_bytes(src.remaining());
        decode(&octets).map(Some).map_err(|bad| Status::data_loss(bad.to_string()))
    }
}
