import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { ConnectError } from '@connectrpc/connect';

export interface FieldViolation {
  field: string;
  description: string;
}

// The mistakes in a google.rpc.BadRequest among an error's details. Two fields of two messages do not need Google's protos:
// BadRequest { repeated FieldViolation field_violations = 1; }  FieldViolation { string field = 1; string description = 2; }
export function fieldViolations(error: ConnectError): FieldViolation[] {
  return error.details.flatMap((detail) =>
    'type' in detail && detail.type === 'google.rpc.BadRequest' ? readBadRequest(detail.value) : [],
  );
}

export function readBadRequest(bytes: Uint8Array): FieldViolation[] {
  const violations: FieldViolation[] = [];
  readFields(bytes, (field, value) => {
    if (field === 1) violations.push(readViolation(value));
  });
  return violations;
}

function readViolation(bytes: Uint8Array): FieldViolation {
  const violation: FieldViolation = { field: '', description: '' };
  readFields(bytes, (field, value) => {
    if (field === 1) violation.field = new TextDecoder().decode(value);
    if (field === 2) violation.description = new TextDecoder().decode(value);
  });
  return violation;
}

function readFields(bytes: Uint8Array, take: (field: number, value: Uint8Array) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type === WireType.LengthDelimited) take(field, reader.bytes());
    else reader.skip(type);
  }
}
