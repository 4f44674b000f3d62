// main.rs - answers for each component on standard input whether wasmparser, the library of wasm-tools, accepts it.
//
// In:  u32 count, then count times: u32 length, bytes. Out: count times: a letter, u16 length, message. Little-endian.
// Letters: A accepted; R refused; C refused for something inside a core module. Bodies of functions are not looked at, since
// decoding a component does not look at them either: the compiler does.
use std::io::{self, Read, Write};
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};

// What the component layer offers or refuses later than validation: everything but gated proposals that it refuses at once.
fn features() -> WasmFeatures {
    WasmFeatures::default()
        | WasmFeatures::CM_ASYNC
        | WasmFeatures::CM_ASYNC_STACKFUL
        | WasmFeatures::CM_MORE_ASYNC_BUILTINS
        | WasmFeatures::CM_THREADING
        | WasmFeatures::CM_ERROR_CONTEXT
        | WasmFeatures::CM_FIXED_LENGTH_LISTS
        | WasmFeatures::CM_MAP
        | WasmFeatures::CM64
        | WasmFeatures::CM_IMPLEMENTS
        | WasmFeatures::CM_CANON_NAMES
}

fn validate(bytes: &[u8]) -> Result<(), (u8, String)> {
    if !Parser::is_component(bytes) {
        return Err((b'R', "not a component".to_string()));
    }
    let mut validator = Validator::new_with_features(features());
    let mut parser = Parser::new(0);
    parser.set_features(features());
    let mut inside = Vec::new(); // true: a core module
    for payload in parser.parse_all(bytes) {
        let core = inside.last().copied().unwrap_or(false);
        let told = |e: wasmparser::BinaryReaderError, core: bool| (if core { b'C' } else { b'R' }, e.to_string());
        let payload = payload.map_err(|e| told(e, core))?;
        validator.payload(&payload).map_err(|e| told(e, core))?;
        match payload {
            Payload::Version { encoding, .. } => inside.push(encoding == Encoding::Module),
            Payload::End(_) => drop(inside.pop()),
            _ => {}
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::BufWriter::new(io::stdout().lock()));
    let mut word = [0u8; 4];
    while input.read_exact(&mut word).is_ok() {
        let count = u32::from_le_bytes(word);
        let mut batch = Vec::new();
        for _ in 0..count {
            input.read_exact(&mut word)?;
            let mut bytes = vec![0; u32::from_le_bytes(word) as usize];
            input.read_exact(&mut bytes)?;
            batch.push(bytes);
        }
        for bytes in batch {
            let (letter, message) = match validate(&bytes) {
                Ok(()) => (b'A', String::new()),
                Err(refused) => refused,
            };
            let text = &message.as_bytes()[..message.len().min(400)];
            output.write_all(&[letter])?;
            output.write_all(&(text.len() as u16).to_le_bytes())?;
            output.write_all(text)?;
        }
        output.flush()?;
    }
    Ok(())
}
