// Package codecs turns values into bytes and back.
//
// A [Codec] is written once for its type and used by everything that stores or sends values: the sources and
// sinks of a topology, its state stores and their changelogs. The codecs here are concrete struct types, so the
// compiler infers a stream's types from them:
//
//	orders := topology.From(&b, "orders", codecs.String, codecs.Int64)
//
// Each of them also has the untyped pair Encode and Decode, the shape of goka's codec, so that one value serves
// both worlds. A key or value that is null never reaches a codec, unless topology.DecodeNulls asks for it: what
// a deletion means is decided above.
//
// A codec of your own is any type with these two methods. Parse is given a value that holds an earlier record, since a
// source uses one value for all of them: it has to replace the whole of it, or fields that data leaves out stay as they
// were and records mix. Package topologytest fails the test of such a codec.
//
//	type pages struct{}
//
//	func (pages) Append(dst []byte, p page) ([]byte, error) {
//		data, err := json.Marshal(p)
//		return append(dst, data...), err
//	}
//
//	func (pages) Parse(data []byte, p *page) error {
//		var fresh page // not into p itself
//		if err := json.Unmarshal(data, &fresh); err != nil {
//			return err
//		}
//		*p = fresh
//		return nil
//	}
//
// A codec may have a method Format() string, as those of this package do. It names its byte layout, so that a store with
// rows of one layout is not opened with another.
//
// Byte layouts: [String] and [Bytes] are the bytes themselves; [Int64] and [Float64] are 8 bytes, big endian, as
// Kafka's own long and double codecs write them; [JSON] is compact JSON without HTML escapes; [MsgPack] is MessagePack
// in its shortest forms; [Proto] is the wire format of Protobuf; [Framed] puts the frame of a schema registry before the
// bytes of another codec.
//
// # Coming from Kafka Streams
//
//	Serdes.String(), Serdes.ByteArray()    String, Bytes
//	Serdes.Long(), Serdes.Double()         Int64, Float64: the same bytes
//	Serdes.Integer(), Serdes.Short() ...   a codec of your own: any type with Append and Parse is one
//	JsonSerde, of Spring and others        JSON
//	KafkaProtobufSerde                     Framed(Proto[T](), ...)
//	KafkaJsonSchemaSerde                   Framed(JSON[T](), ...); the schema is not held against the values
//	SpecificAvroSerde, GenericAvroSerde    Framed around a codec of your own
//	auto.register.schemas                  Frame.Register, false by default
//	use.latest.version                     a Frame without Schema
//	value.subject.name.strategy            Frame.Subject, in full
//	WindowedSerdes                         processors.WindowedCodec
//	Serdes.serdeFrom(...)                  one type is both
package codecs
