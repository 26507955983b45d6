package main

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"os"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
)

// chartsBytes bounds what is kept of unpacked archives.
const chartsBytes = 64 << 20

// charts keeps unpacked archives by the digest of their bytes, the least recently used go. The executor has checked each
// archive before it names it here.
type charts struct {
	byDigest map[[sha256.Size]byte]*list.Element
	byUse    *list.List // of unpacked, the newest first
	bytes    int
	most     int // bytes
}

type unpacked struct {
	digest [sha256.Size]byte
	files  []*archive.BufferedFile
	bytes  int
}

func newCharts(most int) *charts {
	return &charts{byDigest: map[[sha256.Size]byte]*list.Element{}, byUse: list.New(), most: most}
}

// load returns a chart that nobody else has: rendering changes it. A folder (a chart that ships with Slipway) is not kept.
func (c *charts) load(path string) (*chart.Chart, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return loader.LoadDir(path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	files, err := c.unpack(content)
	if err != nil {
		return nil, err
	}
	return loader.LoadFiles(files)
}

func (c *charts) unpack(content []byte) ([]*archive.BufferedFile, error) {
	digest := sha256.Sum256(content)
	if found, known := c.byDigest[digest]; known {
		c.byUse.MoveToFront(found)
		return found.Value.(unpacked).files, nil
	}
	files, err := archive.LoadArchiveFiles(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	size := 0
	for _, file := range files {
		size += len(file.Data)
	}
	if size > c.most/2 {
		return files, nil
	}
	for c.bytes+size > c.most {
		oldest := c.byUse.Remove(c.byUse.Back()).(unpacked)
		delete(c.byDigest, oldest.digest)
		c.bytes -= oldest.bytes
	}
	c.byDigest[digest] = c.byUse.PushFront(unpacked{digest, files, size})
	c.bytes += size
	return files, nil
}
