//! Lengths in an Arrow file, checked before the decoder asks for as much memory as they say.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use arrow_ipc::{Message, RecordBatch, root_as_footer, root_as_message};

/// Most bytes of the metadata of a file or message, and of a buffer once unpacked.
const MOST_METADATA: u64 = 64 << 20;
const MOST_BUFFER: i64 = 16 << 30;
/// What zstd packs at most to one byte, about: runs of 128 KiB in four bytes.
const MOST_RATIO: i64 = 1 << 16;

/// Checks a file: its footer and each part that the footer names.
pub(super) fn file(file: &mut File) -> Result<(), String> {
    let size = size(file)?;
    if size < 18 {
        return Err(format!("{size} bytes"));
    }
    let tail = bytes(file, size - 10, 10, size)?;
    let footer = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    if tail[4..] != *super::MAGIC || footer + 18 > size {
        return Err("an end that is none of an Arrow file".into());
    }
    let footer = bytes(file, size - 10 - footer, footer, size)?;
    let footer = root_as_footer(&footer).map_err(|e| format!("a footer that cannot be followed: {e}"))?;
    let mut total = 0_u64;
    for block in footer.dictionaries().iter().flatten().chain(footer.recordBatches().iter().flatten()) {
        let parts = (u64::try_from(block.offset()), u64::try_from(block.metaDataLength()), u64::try_from(block.bodyLength()));
        let (Ok(at), Ok(length), Ok(body)) = parts else { return Err("lengths below zero".into()) };
        let end = at.checked_add(length).and_then(|n| n.checked_add(body));
        if end.is_none_or(|e| e > size) {
            return Err("a part beyond the end of the file".into());
        }
        // Parts that lie over one another could hold any number of rows.
        total = total.saturating_add(length).saturating_add(body);
        if total > size {
            return Err("parts that overlap".into());
        }
        let head = bytes(file, at, length, size)?;
        // Since version 0.15 four bytes 255 stand before the length.
        let skip = if head.starts_with(&[255; 4]) { 8 } else { 4 };
        let message = head.get(skip..).and_then(|m| root_as_message(m).ok()).ok_or("a message that cannot be followed")?;
        message_fits(file, &message, (at + length, body), size)?;
    }
    rewind(file)
}

/// Checks a stream: each message up to its end.
pub(super) fn stream(file: &mut File) -> Result<(), String> {
    let size = size(file)?;
    let mut at = 0;
    while at + 4 <= size {
        let mut length = word(file, at, size)?;
        at += 4;
        if length == u32::MAX {
            length = word(file, at, size)?;
            at += 4;
        }
        if length == 0 {
            break;
        }
        let head = bytes(file, at, u64::from(length), size)?;
        let message = root_as_message(&head).map_err(|e| format!("a message that cannot be followed: {e}"))?;
        at += u64::from(length);
        let body = u64::try_from(message.bodyLength()).ok().filter(|b| at.checked_add(*b).is_some_and(|e| e <= size));
        let body = body.ok_or("a message beyond the end of the file")?;
        message_fits(file, &message, (at, body), size)?;
        at += body;
    }
    rewind(file)
}

fn message_fits(file: &mut File, message: &Message<'_>, (at, body): (u64, u64), size: u64) -> Result<(), String> {
    if u64::try_from(message.bodyLength()).ok().is_none_or(|b| b > body) {
        return Err("a message beyond its part of the file".into());
    }
    let batch: Option<RecordBatch<'_>> = match message.header_as_dictionary_batch() {
        Some(dictionary) => dictionary.data(),
        None => message.header_as_record_batch(),
    };
    let Some(batch) = batch else { return Ok(()) };
    for buffer in batch.buffers().iter().flatten() {
        let (Ok(from), Ok(length)) = (u64::try_from(buffer.offset()), u64::try_from(buffer.length())) else {
            return Err("lengths below zero".into());
        };
        if from.checked_add(length).is_none_or(|e| e > body) {
            return Err("a buffer beyond its message".into());
        }
        if batch.compression().is_some() && length >= 8 {
            let told = bytes(file, at + from, 8, size)?;
            let told = told.first_chunk::<8>().map_or(-1, |b| i64::from_le_bytes(*b));
            if !(-1..=MOST_BUFFER.min(buffer.length().saturating_mul(MOST_RATIO))).contains(&told) {
                return Err(format!("a buffer of {length} bytes that says it unpacks to {told}"));
            }
        }
    }
    Ok(())
}

fn size(file: &File) -> Result<u64, String> {
    file.metadata().map(|m| m.len()).map_err(|e| e.to_string())
}

fn word(file: &mut File, at: u64, size: u64) -> Result<u32, String> {
    let four = bytes(file, at, 4, size)?;
    Ok(four.first_chunk::<4>().map_or(0, |b| u32::from_le_bytes(*b)))
}

fn bytes(file: &mut File, at: u64, length: u64, size: u64) -> Result<Vec<u8>, String> {
    if length > MOST_METADATA || at.checked_add(length).is_none_or(|e| e > size) {
        return Err(format!("{length} bytes of metadata in a file of {size}"));
    }
    let mut out = vec![0; length as usize];
    file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut out)).map_err(|e| e.to_string())?;
    Ok(out)
}

fn rewind(file: &mut File) -> Result<(), String> {
    file.seek(SeekFrom::Start(0)).map(|_| ()).map_err(|e| e.to_string())
}
