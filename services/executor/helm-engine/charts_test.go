package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
)

// room is how many bytes of unpacked files the caches of these tests keep.
const room = 10_000

// packed returns an archive of a chart with so many bytes of notes.
func packed(t *testing.T, name string, notes int) []byte {
	t.Helper()
	var content bytes.Buffer
	zipped := gzip.NewWriter(&content)
	files := tar.NewWriter(zipped)
	for path, text := range map[string]string{
		name + "/Chart.yaml":          "apiVersion: v2\nname: " + name + "\nversion: 1.0.0\n",
		name + "/templates/NOTES.txt": strings.Repeat("n", notes),
	} {
		if err := files.WriteHeader(&tar.Header{Name: path, Mode: 0o600, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if files.Close() != nil || zipped.Close() != nil {
		t.Fatal("the archive cannot be closed")
	}
	return content.Bytes()
}

// unpack is the cache's, for archives that are whole.
func unpack(t *testing.T, cache *charts, content []byte) []*archive.BufferedFile {
	t.Helper()
	files, err := cache.unpack(content)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func kept(cache *charts, content []byte) bool {
	_, known := cache.byDigest[sha256.Sum256(content)]
	return known
}

// written returns the path of an archive.
func written(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chart.tgz")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnArchiveIsUnpackedOnceWhereverItLies(t *testing.T) {
	cache, content := newCharts(room), packed(t, "chart", 100)
	for range 2 {
		if _, err := cache.load(written(t, content)); err != nil {
			t.Fatal(err)
		}
	}
	if cache.byUse.Len() != 1 || unpack(t, cache, content)[0] != unpack(t, cache, content)[0] {
		t.Errorf("%d are kept of one archive, and it is unpacked again", cache.byUse.Len())
	}
}

func TestWhatIsDoneToAChartIsNotSeenByTheNext(t *testing.T) {
	cache, path := newCharts(room), written(t, packed(t, "chart", 100))
	first, err := cache.load(path)
	if err != nil {
		t.Fatal(err)
	}
	first.Metadata.Name, first.Templates = "another", nil
	second, err := cache.load(path)
	if err != nil {
		t.Fatal(err)
	}
	if second.Metadata.Name != "chart" || len(second.Templates) != 1 {
		t.Errorf("it is %s with %d templates", second.Metadata.Name, len(second.Templates))
	}
}

func TestTheLeastRecentlyUsedGoWhenThereIsNoRoom(t *testing.T) {
	cache := newCharts(room)
	a, b, c := packed(t, "a", 4_000), packed(t, "b", 4_000), packed(t, "c", 4_000)
	for _, content := range [][]byte{a, b, a, c} {
		unpack(t, cache, content)
	}
	if !kept(cache, a) || kept(cache, b) || !kept(cache, c) {
		t.Error("the one that was used longest ago is kept, or another is not")
	}
	if cache.bytes < 8_000 || cache.bytes > room || cache.byUse.Len() != len(cache.byDigest) {
		t.Errorf("%d bytes are kept, of %d and of %d archives", cache.bytes, cache.byUse.Len(), len(cache.byDigest))
	}
}

func TestOneThatTakesMoreThanHalfOfTheRoomIsNotKept(t *testing.T) {
	cache, small, large := newCharts(room), packed(t, "small", 100), packed(t, "large", 6_000)
	unpack(t, cache, small)
	if len(unpack(t, cache, large)) != 2 {
		t.Error("it is not even unpacked")
	}
	if !kept(cache, small) || kept(cache, large) {
		t.Error("the large one is kept, or in its stead the small one is not")
	}
}
