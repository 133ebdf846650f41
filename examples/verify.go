// Verify a webhook of Postbox in Go: standard library only.
//
//	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<20)) // as it came, before any parser
//	err = Verify(secret, r.Header, body, time.Now())                // not nil: answer 401
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const tolerance = 300 * time.Second

// Verify gives nil if one of the signatures of a post is ours and fresh, else an error that says what is wrong.
func Verify(secret string, header http.Header, body []byte, now time.Time) error {
	timestamp := header.Get("webhook-timestamp")
	seconds, err := strconv.ParseUint(timestamp, 10, 40)
	if err != nil {
		return errors.New("no timestamp")
	}
	if age := now.Sub(time.Unix(int64(seconds), 0)); age > tolerance || age < -tolerance {
		return errors.New("too old, or from the future: is this machine's clock right?")
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 { // anybody can sign with an empty one
		return errors.New("the secret is empty or no base64")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(header.Get("webhook-id") + "." + timestamp + "."))
	mac.Write(body)
	expected := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	// One for each live secret: after a rotation there are two for a while.
	for _, given := range strings.Fields(header.Get("webhook-signature")) {
		if hmac.Equal(expected, []byte(given)) {
			return nil
		}
	}
	return errors.New("no signature is ours: is this the endpoint's secret?")
}
