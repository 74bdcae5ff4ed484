package embedded

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The bits of a batch's attributes that matter here, and where its checksum and what that covers begin.
const (
	compression   = 0x07
	transactional = 0x10
	checksumAt    = 17
	checkedFrom   = 21
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// stampAppends gives what the engine writes the time of its append, as the topics ask for: the in-process Kafka does not
// look at message.timestamp.type, and the engine writes event times. Other clients write the time by themselves.
func stampAppends(kafka *kfake.Cluster) {
	decompressor := kgo.DefaultDecompressor()
	kafka.ControlKey(kmsg.Produce.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		produce, now := req.(*kmsg.ProduceRequest), time.Now().UnixMilli()
		for i := range produce.Topics {
			for j := range produce.Topics[i].Partitions {
				p := &produce.Topics[i].Partitions[j]
				p.Records = stamp(p.Records, now, decompressor)
			}
		}
		return nil, nil, false
	})
}

// stamp sets the times of a transactional batch; one that it cannot read is for the broker to refuse.
func stamp(data []byte, now int64, decompressor kgo.Decompressor) []byte {
	var batch kmsg.RecordBatch
	if err := batch.ReadFrom(data); err != nil || batch.Attributes&transactional == 0 {
		return data
	}
	records, err := decompressor.Decompress(batch.Records, kgo.CompressionCodecType(batch.Attributes&compression))
	if err != nil {
		return data
	}
	batch.Records = nil
	for range batch.NumRecords {
		var rec kmsg.Record
		length, n := binary.Varint(records)
		if n <= 0 || int64(len(records)) < int64(n)+length || rec.ReadFrom(records[:int64(n)+length]) != nil {
			return data
		}
		records = records[int64(n)+length:]
		rec.TimestampDelta, rec.TimestampDelta64 = 0, 0
		rec.Length = int32(len(rec.AppendTo(nil)) - len(binary.AppendVarint(nil, int64(rec.Length))))
		batch.Records = rec.AppendTo(batch.Records)
	}
	batch.FirstTimestamp, batch.MaxTimestamp = now, now
	batch.Attributes &^= compression
	out := batch.AppendTo(nil)
	binary.BigEndian.PutUint32(out[8:], uint32(len(out)-12))
	binary.BigEndian.PutUint32(out[checksumAt:], crc32.Checksum(out[checkedFrom:], castagnoli))
	return out
}
