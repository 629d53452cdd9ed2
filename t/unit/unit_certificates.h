
/*
 * Certificates and keys that the openssl command made, for the tests of what
 * reads them. None of them is used anywhere else.
 */

#ifndef _CREDHUB_UNIT_CERTIFICATES_H_INCLUDED_
#define _CREDHUB_UNIT_CERTIFICATES_H_INCLUDED_


/* clang-format off */

/* a CA with an EC key */

#define UNIT_ROOT_PEM \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBszCCAVmgAwIBAgIUD37iFbnpQThPb7rmnT1WB+exvVIwCgYIKoZIzj0EAwIw\n" \
    "JzETMBEGA1UEAwwKVGhlaXIgcm9vdDEQMA4GA1UECgwHRXhhbXBsZTAeFw0yNjEx\n" \
    "MjMxOTA5NDJaFw00NjExMTgxOTA5NDJaMCcxEzARBgNVBAMMClRoZWlyIHJvb3Qx\n" \
    "EDAOBgNVBAoMB0V4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQwQL1L\n" \
    "hpaueNkMJvxeyx+YSgYUzzTutdwI4ArjJy3Jss4F92ovfNqr8BPmXLO4+3gPZq6Q\n" \
    "BcFwRDmQxdkunT07o2MwYTAdBgNVHQ4EFgQUgA8kPplZmjDe1GoV/t9iDPRnkKkw\n" \
    "HwYDVR0jBBgwFoAUgA8kPplZmjDe1GoV/t9iDPRnkKkwDwYDVR0TAQH/BAUwAwEB\n" \
    "/zAOBgNVHQ8BAf8EBAMCAQYwCgYIKoZIzj0EAwIDSAAwRQIhALk1TSLLsDadFM7f\n" \
    "f8JVtEH8ihgTSDHYJ00ivH+n69TPAiAxBxvLtkh7wHdA0kTYJrbLHscTfVAnvs0M\n" \
    "vQlYYncpZw==\n" \
    "-----END CERTIFICATE-----\n"

/* its key behind the name of its curve, SEC 1 */

#define UNIT_ROOT_KEY \
    "-----BEGIN EC PARAMETERS-----\n" \
    "BggqhkjOPQMBBw==\n" \
    "-----END EC PARAMETERS-----\n" \
    "-----BEGIN EC PRIVATE KEY-----\n" \
    "MHcCAQEEIEpJzE1JzIBipH0lBUb99UX47qVeUWHhno4OiQxabg4soAoGCCqGSM49\n" \
    "AwEHoUQDQgAEMEC9S4aWrnjZDCb8XssfmEoGFM807rXcCOAK4yctybLOBfdqL3za\n" \
    "q/AT5lyzuPt4D2aukAXBcEQ5kMXZLp09Ow==\n" \
    "-----END EC PRIVATE KEY-----\n"

/* signed by that CA; P-384 */

#define UNIT_LEAF_PEM \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIICEjCCAbigAwIBAgIUN+eYBiMEX+igOmn5HUexbYS4ojowCgYIKoZIzj0EAwIw\n" \
    "JzETMBEGA1UEAwwKVGhlaXIgcm9vdDEQMA4GA1UECgwHRXhhbXBsZTAeFw0yNjEx\n" \
    "MjMxOTA5NDJaFw00NjAxMjIxOTA5NDJaMCgxCzAJBgNVBAYTAkRFMRkwFwYDVQQD\n" \
    "DBBsZWFmLmV4YW1wbGUuY29tMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEgKBkmOl9\n" \
    "+XDhy6iB6JVsDWxm2NQu1hDMQ/goXfNp6yppzFcTsDF4w/Bptw2+32LgspV8eDwt\n" \
    "Dn1MBzONXGzTYbX6N3pZD/nknyM+V/P+3wZPWMb4gmpDL9CgRKtvTDMco4GjMIGg\n" \
    "MAwGA1UdEwEB/wQCMAAwIQYDVR0RBBowGIIQbGVhZi5leGFtcGxlLmNvbYcEfwAA\n" \
    "ATAOBgNVHQ8BAf8EBAMCB4AwHQYDVR0lBBYwFAYIKwYBBQUHAwEGCCsGAQUFBwMC\n" \
    "MB0GA1UdDgQWBBQcmvqfxHuPBfAiDoQrel4RnfhQTDAfBgNVHSMEGDAWgBSADyQ+\n" \
    "mVmaMN7UahX+32IM9GeQqTAKBggqhkjOPQQDAgNIADBFAiA7uzB/3a60xL4XT04d\n" \
    "TLdblzivQk6WoV1f/hTd6vdesAIhAPIel70BE6nLYLrawRbSW8S01tefCnL/RSHz\n" \
    "3uasEkM7\n" \
    "-----END CERTIFICATE-----\n"

/* PKCS#8 */

#define UNIT_LEAF_KEY \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDB+MNM66dKG/LlrjLzE\n" \
    "kgpcXaE7FLgswzaN7npPRKvnKWGxykbxbF33KEc2zA5vgcWhZANiAASAoGSY6X35\n" \
    "cOHLqIHolWwNbGbY1C7WEMxD+Chd82nrKmnMVxOwMXjD8Gm3Db7fYuCylXx4PC0O\n" \
    "fUwHM41cbNNhtfo3elkP+eSfIz5X8/7fBk9YxviCakMv0KBEq29MMxw=\n" \
    "-----END PRIVATE KEY-----\n"

/* version 1, RSA of 1024 bits, no extensions */

#define UNIT_V1_PEM \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBnDCCAQUCFHwSY/CiRUbySp+Z0VgIEjrEXZ1jMA0GCSqGSIb3DQEBCwUAMA0x\n" \
    "CzAJBgNVBAMMAnYxMB4XDTI2MTEyMzE5MDk0MloXDTQ2MDEyMjE5MDk0MlowDTEL\n" \
    "MAkGA1UEAwwCdjEwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAJfIuFhgoHuc\n" \
    "NX9/mNpC32FUHaQqGSWWJjwZfPW2epq7/AqnsbEdDzDL2NDuOIycmHK+HX0X+G+u\n" \
    "U6jVyc4qa5vFHmyx8uvCDfPcRtfXZ6sqktzNjpKBSIAks8RQEO0sWlpD0xgf1cc+\n" \
    "anJrCjsDx4NmJXFz7WtDOsF9haL6nBGhAgMBAAEwDQYJKoZIhvcNAQELBQADgYEA\n" \
    "XmCbLmVPNXc8jUGgT3tv8srGw68ENPSDFbMdHCpJMbp7d9CRIPL0Q6yk9e2xh8gt\n" \
    "yWOt6fBekwdq3UkKs959KgCzD4TGashWJ8zik7t0D0zWTzzg90emANTR43J9Dhm6\n" \
    "yEZrENK6/ZRGB1A5k1hRq23eNS0y1Zj3TCmZO3wtuK0=\n" \
    "-----END CERTIFICATE-----\n"

/* PKCS#1 */

#define UNIT_V1_KEY \
    "-----BEGIN RSA PRIVATE KEY-----\n" \
    "MIICXAIBAAKBgQCXyLhYYKB7nDV/f5jaQt9hVB2kKhklliY8GXz1tnqau/wKp7Gx\n" \
    "HQ8wy9jQ7jiMnJhyvh19F/hvrlOo1cnOKmubxR5ssfLrwg3z3EbX12erKpLczY6S\n" \
    "gUiAJLPEUBDtLFpaQ9MYH9XHPmpyawo7A8eDZiVxc+1rQzrBfYWi+pwRoQIDAQAB\n" \
    "AoGALvwcTIdExl7ZlKkr6Mxwl5FRR6Mce60aEtqU+v7Mvx9X6vh0Ie5r6GABstM7\n" \
    "QBOtgT9mo3WLGw8sqIPdX2t0OZ7jZziqvtsbZzwBV614Lnh+gqeRXZ8jYFwTfRI6\n" \
    "xgMlCeeRw7SX5UalBcbI6n46W6icK1G5bNFKKy+TbpVJONECQQDHvbvXTARKSmLt\n" \
    "11JkBu5EIIWi/Kau3U2fRl0FIU3GloiZCnz2H7kMVo2sT/Ibomhv9SyYegN0mnGU\n" \
    "DYV7odyVAkEAwokOsAAdAwKrRkgAui81mq7SMyNTmy+N1q63lygAPHMu+fI+vMoo\n" \
    "trlY9IAyR37QjF5UNAN7QakTiJ+y4d/R3QJABUgiIHZVIrXG2e04s4ZvZIPLpNyz\n" \
    "d6pIdC7DJPCVguvWHt3lIgkCtq3PP0A58bsgsd002a9YSgwPds/IuNU15QJBALIc\n" \
    "ktoKAIYVF4QNwLy3JLkvfz1bBt17OL5q0aUP9sdiHoyyg0aPQZ+rLAsQpPhY39Dl\n" \
    "POsylNOVXlElBr9QEfECQF4ROwhzAT1cPzRAYLXaUBl9GMAnfF3k19/LMaYKW2PT\n" \
    "L1N66ez+X5cy2vNNr1ODG8hxeZK+0cLufB+bHFRgJ6U=\n" \
    "-----END RSA PRIVATE KEY-----\n"

#define UNIT_V1_KEY_PKCS8 \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAJfIuFhgoHucNX9/\n" \
    "mNpC32FUHaQqGSWWJjwZfPW2epq7/AqnsbEdDzDL2NDuOIycmHK+HX0X+G+uU6jV\n" \
    "yc4qa5vFHmyx8uvCDfPcRtfXZ6sqktzNjpKBSIAks8RQEO0sWlpD0xgf1cc+anJr\n" \
    "CjsDx4NmJXFz7WtDOsF9haL6nBGhAgMBAAECgYAu/BxMh0TGXtmUqSvozHCXkVFH\n" \
    "oxx7rRoS2pT6/sy/H1fq+HQh7mvoYAGy0ztAE62BP2ajdYsbDyyog91fa3Q5nuNn\n" \
    "OKq+2xtnPAFXrXgueH6Cp5FdnyNgXBN9EjrGAyUJ55HDtJflRqUFxsjqfjpbqJwr\n" \
    "Ubls0UorL5NulUk40QJBAMe9u9dMBEpKYu3XUmQG7kQghaL8pq7dTZ9GXQUhTcaW\n" \
    "iJkKfPYfuQxWjaxP8huiaG/1LJh6A3SacZQNhXuh3JUCQQDCiQ6wAB0DAqtGSAC6\n" \
    "LzWartIzI1ObL43WrreXKAA8cy758j68yii2uVj0gDJHftCMXlQ0A3tBqROIn7Lh\n" \
    "39HdAkAFSCIgdlUitcbZ7Tizhm9kg8uk3LN3qkh0LsMk8JWC69Ye3eUiCQK2rc8/\n" \
    "QDnxuyCx3TTZr1hKDA92z8i41TXlAkEAshyS2goAhhUXhA3AvLckuS9/PVsG3Xs4\n" \
    "vmrRpQ/2x2IejLKDRo9Bn6ssCxCk+Fjf0OU86zKU05VeUSUGv1AR8QJAXhE7CHMB\n" \
    "PVw/NEBgtdpQGX0YwCd8XeTX38sxpgpbY9MvU3rp7P5flzLa802vU4MbyHF5kr7R\n" \
    "wu58H5scVGAnpQ==\n" \
    "-----END PRIVATE KEY-----\n"

/* by OpenSSL's old headers */

#define UNIT_V1_KEY_ENCRYPTED \
    "-----BEGIN RSA PRIVATE KEY-----\n" \
    "Proc-Type: 4,ENCRYPTED\n" \
    "DEK-Info: AES-128-CBC,18C2B5CE2FB3B0E0D15950002DA5E093\n" \
    "\n" \
    "Q7culqiKC7oBZDTew4YA5XTh+uU/eK5Q6DY58Q3JVw28YtA5hW2Muif5gHb29Y82\n" \
    "98OQc+r43XY6dnv8vklbm17bvU47RHosC7gtN6KFNxNO9SqXy0FAdFBMml+/Ofx2\n" \
    "H4h8xq04H3x86XB4NYja+BJXw7rOQELyhw47b8ZGPhG1N0k0Rhtt9TDb3jlSMfaA\n" \
    "8PV97bdvnIsFc/dIQgj6fRSDya8kG/n5HFsdehYBL3RXBy24qs4vP8UugNKUGW0d\n" \
    "eSEI4f4i5/BufunZcrZVFzRGG0QcEkDwvsw+EWVXzvoHh1qCQefzj1xwqvItmQVO\n" \
    "8mxvUH1NPR8Ez2wKz19yHp50rp/BIJfTNQ8GES2tf9hm5Sz9y0MGau2rlijaATL4\n" \
    "ToJ5NJOrqZMLGFFiHmcrq0fOFDdVM2zHQQQBBzYaodAVUAB2IdBHF0B7iOdqIJdm\n" \
    "qRpVK0i68z79krYx1nI2J6UG+iznIS9aP4YDv9z1f685VNBJNDHokcxdG5k6Lcg1\n" \
    "aZ+Lxbq3x4EgBHSlnSNpSLgaKMsBwCosAHFCp6oqZN9/b2Lz+8ktI9PPSWXkPafS\n" \
    "di1GZRJNqgTogjq9/vRN3BDt9Kpho9kvu5CRWkEFFRnF+rqlf9bQzLrFmIyeCuJ1\n" \
    "EOK6SJcpuQRt5bMRe3wzZOeUzvXdcp/FGwNpkWiNjUzIvK6jegLHfB8sni2uPHN2\n" \
    "SpPJZgLlnf99/iyNIXgAwUz1L5tTXOlQChlD2miLup8EqQNSQMSzSDjldhM8hKnH\n" \
    "rY+YgH08TWV/O/iiTuYJSDAkSLkWILRsjJ+66jyUCFgFfXHUF3o+6hkYfNPYVC97\n" \
    "-----END RSA PRIVATE KEY-----\n"

#define UNIT_V1_KEY_ENCRYPTED_PKCS8 \
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" \
    "MIIC3TBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQISsQRk0o6jagCAggA\n" \
    "MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBBWrcCZQbT57NQZ4O71anVjBIIC\n" \
    "gJ8M00XvKKAIGicDM42YpOZXOv8YxDQ+XamnMw6dDmwsjPRmlnLoee1vSCKGZgEY\n" \
    "agOic/QGORFFrTVt1W7e1HSmdHMNOh8L60P98s8yT1IvMGX4RKfC8bwPL5bPlEu0\n" \
    "kygHFH51mYTWKXGtR/X93AiGrjfHLBheLsZiwM5XtzN/19KZlrlddiOkBYmRU6a0\n" \
    "7VhbCgEGTxpYytkMcncWPERGLbmL0BwhldtGLhQG6Ju4eLFlWT31jsBFJzmj8ZRO\n" \
    "e89juXFWOZVjMqvPBsIYQZNlkT2jZwUcVbs7qpThshDFEj8G1l1l4HZIFbhMPc/M\n" \
    "smAgZJw0Ygh4CBA+KOYxixPw7d0mVm7MQ2v43pncfP2vrYe7vle+bThKO6/KSrEr\n" \
    "oHkYAgMTXPBYh1732j7McND8pPdq4RSzMIxi/IAvA0dFVbcwvzmiOVsATUP8M8gJ\n" \
    "AdbY7MldoDadHt1bKil1FmkCe2cLQaMDGWCzw74huhC7KFugfmajH0gqmJ7bWRoD\n" \
    "OZ3evgPjhWYEKcqMETaqwMNRlYuSpihMgEDIaGXiToy8n2afJbIVT3Zhys323QLB\n" \
    "9tO0LSTTlBAcqU3q+YoM6LciHHYzYcIqJTHgYD6sWGBKv4FOy4q0WlRzDvXsKRFx\n" \
    "GUyvvIChoAr8Y5WuUiE3hN/r2zpa1nOeC8wnJIvQm2FISPzsopuht5ZRFcGQrZNZ\n" \
    "p0BJhRau6lEgDzaHTbsdqGDnRa41mFHpHpDMJGbuvtOrgmeDc7HOf1k1PiCuEUQV\n" \
    "f7X/kXdIYCbbIFQUkaC+XvNc2dtKgZk4WOXPSz9i8STu0VnEzDUY6rsKXqCRXjMU\n" \
    "aJhr/5v4815HAfc6J5kQK2Y=\n" \
    "-----END ENCRYPTED PRIVATE KEY-----\n"

#define UNIT_ED25519_PEM \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBLjCB4aADAgECAhR7H7S7fFivrzvWpS3o4wF0Ox69kTAFBgMrZXAwDTELMAkG\n" \
    "A1UEAwwCRWQwHhcNMjYxMTIzMTkwOTQyWhcNNDYwMTIyMTkwOTQyWjANMQswCQYD\n" \
    "VQQDDAJFZDAqMAUGAytlcAMhAGa3aV8T4BiJHraILsURsyXEiq1mKYPJxYgJZrVu\n" \
    "Mi8Lo1MwUTAdBgNVHQ4EFgQUMzjZq1jkqEaf/a8Z9ROo3MAwtmkwHwYDVR0jBBgw\n" \
    "FoAUMzjZq1jkqEaf/a8Z9ROo3MAwtmkwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXAD\n" \
    "QQAUycbTeSCiEwObDmDCOT9MoQcnVFXLbNo8AanGgnde4jc0NTrb4URAiAtluPaK\n" \
    "lRQ6ydmMIGAvGDBTfqxY8I0A\n" \
    "-----END CERTIFICATE-----\n"

#define UNIT_ED25519_KEY \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MC4CAQAwBQYDK2VwBCIEIDr6Q55Ec6Kp75DFfbuW7bXyP2/oUsXkNsCvqaNAOCM6\n" \
    "-----END PRIVATE KEY-----\n"

#define UNIT_P521_PEM \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIB/TCCAV6gAwIBAgIUFSHIEFzksfnaJRLpc0lpB8J8nk0wCgYIKoZIzj0EAwIw\n" \
    "EDEOMAwGA1UEAwwFUC01MjEwHhcNMjYxMTIzMTkwOTQyWhcNNDYwMTIyMTkwOTQy\n" \
    "WjAQMQ4wDAYDVQQDDAVQLTUyMTCBmzAQBgcqhkjOPQIBBgUrgQQAIwOBhgAEAdVx\n" \
    "OmbzqyQFpcnBSJx98vrQKn7Wi7MRPkgvU2DgoZ9Oo9QBgQuMNSQcP6xDEKzOEEaE\n" \
    "Wi59XC/DVVqmFsqJbO1DANTxYdC+I4+rPWYPjAH/u8dNrSGw+NJPkh3MJHgNLrzg\n" \
    "NaiprPjzwfd/9tpXD6C3RW+L17VTlFiCe4UMuivbTlOFo1MwUTAdBgNVHQ4EFgQU\n" \
    "+C5F4shpbd3GamiVGsDjmnsfspEwHwYDVR0jBBgwFoAU+C5F4shpbd3GamiVGsDj\n" \
    "mnsfspEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgOBjAAwgYgCQgFKuJlG\n" \
    "btQcUpS6OngDFCRCbiILEemNuoUOYRHG4emjnh84D4FXw/GqlStLdD/60BfOu/xH\n" \
    "RUwcgDwBq01wUdkpXAJCAOMU8lZ1n9q0D/ieaYHtxDF0cbk2dlvBCeBKQEP2zC47\n" \
    "3kkG1hVw2VBaJ1zySeHyYkUf41KHUmCOoLXcuhzjnzfo\n" \
    "-----END CERTIFICATE-----\n"

#define UNIT_P521_KEY \
    "-----BEGIN EC PRIVATE KEY-----\n" \
    "MIHcAgEBBEIBS2BvvZW2VLr8Ob9fhcIb3qwl4jE0luN/OOsRdLg4mpznb5USTFS9\n" \
    "NoSA5CaYGpSQdkIUWTXKkrG8Pe+CHT7iB3egBwYFK4EEACOhgYkDgYYABAHVcTpm\n" \
    "86skBaXJwUicffL60Cp+1ouzET5IL1Ng4KGfTqPUAYELjDUkHD+sQxCszhBGhFou\n" \
    "fVwvw1VaphbKiWztQwDU8WHQviOPqz1mD4wB/7vHTa0hsPjST5IdzCR4DS684DWo\n" \
    "qaz488H3f/baVw+gt0Vvi9e1U5RYgnuFDLor205ThQ==\n" \
    "-----END EC PRIVATE KEY-----\n"

#define UNIT_DSA_PEM \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIC0jCCAn+gAwIBAgIUVRpP1Ql6SihjlStZ8nmzfeAtzRkwCwYJYIZIAWUDBAMC\n" \
    "MA4xDDAKBgNVBAMMA0RTQTAeFw0yNjExMjMxOTEwMDVaFw00NjAxMjIxOTEwMDVa\n" \
    "MA4xDDAKBgNVBAMMA0RTQTCCAb4wggEzBgcqhkjOOAQBMIIBJgKBgQCOSIA99gjH\n" \
    "4VJk7fg13UIH5XI2oH72prtxteffjxS0ANM4JsQCV2HoNUSQrH1Ql/MKVlWUDm9e\n" \
    "g/NGwaxmywYMN3ajXuWGPxzDcjPOtB8jrgRJSO+Jw3pyt50Efe8AJwNH+wiFTsII\n" \
    "KlPRXGHsi18itli+Htjw2GpCU1xwzwarRQIdAO8TpUCaV3Z+cf6WQbbyrLBSvF/d\n" \
    "MPDORlAx4csCgYBLKVNsuM42/0ZI0IPOp96nwQG1JgxHcohYNMkNyIQOFHbh3QGo\n" \
    "ioVyT5R+yKezFJ4RKat0wlIb408OXxaTmrKRiEyXI3FGcNFSBmmoawC/F1SlYY7N\n" \
    "Wfdct7milvoSFshAzzqezWuCb5E6ceAvuf7V32ixrzC8mBdkJSs+JWqmswOBhAAC\n" \
    "gYAT/T+8K2IPYCFpjB9WX3yET9QGuHmAcVIwkKFio3OqDQZ4z3d4wDhtErcRMTd/\n" \
    "JhiRmsP03SOMYE2lGeWdxnJT8LxKKnWhRwOcCyH6Aqz+9idOnEC3XCv4eZxEyv1c\n" \
    "9NRXGoX4ASMIhlGjui4Ktvm4q2YLSg74Q3LECkpecSqQj6NTMFEwHQYDVR0OBBYE\n" \
    "FAT/NS60pVqwGUrmTi6iRGSIlV43MB8GA1UdIwQYMBaAFAT/NS60pVqwGUrmTi6i\n" \
    "RGSIlV43MA8GA1UdEwEB/wQFMAMBAf8wCwYJYIZIAWUDBAMCA0AAMD0CHEVhwXtq\n" \
    "7Y70g5DWigTvX3OTq82Uk5dQaZN0THcCHQCSLzrLSsxC4E1BYGDVBwe+anzKwnXN\n" \
    "PXnSyBmy\n" \
    "-----END CERTIFICATE-----\n"

#define UNIT_DSA_KEY \
    "-----BEGIN DSA PRIVATE KEY-----\n" \
    "MIIBywIBAAKBgQCOSIA99gjH4VJk7fg13UIH5XI2oH72prtxteffjxS0ANM4JsQC\n" \
    "V2HoNUSQrH1Ql/MKVlWUDm9eg/NGwaxmywYMN3ajXuWGPxzDcjPOtB8jrgRJSO+J\n" \
    "w3pyt50Efe8AJwNH+wiFTsIIKlPRXGHsi18itli+Htjw2GpCU1xwzwarRQIdAO8T\n" \
    "pUCaV3Z+cf6WQbbyrLBSvF/dMPDORlAx4csCgYBLKVNsuM42/0ZI0IPOp96nwQG1\n" \
    "JgxHcohYNMkNyIQOFHbh3QGoioVyT5R+yKezFJ4RKat0wlIb408OXxaTmrKRiEyX\n" \
    "I3FGcNFSBmmoawC/F1SlYY7NWfdct7milvoSFshAzzqezWuCb5E6ceAvuf7V32ix\n" \
    "rzC8mBdkJSs+JWqmswKBgBP9P7wrYg9gIWmMH1ZffIRP1Aa4eYBxUjCQoWKjc6oN\n" \
    "BnjPd3jAOG0StxExN38mGJGaw/TdI4xgTaUZ5Z3GclPwvEoqdaFHA5wLIfoCrP72\n" \
    "J06cQLdcK/h5nETK/Vz01FcahfgBIwiGUaO6Lgq2+birZgtKDvhDcsQKSl5xKpCP\n" \
    "Ah0Asumk/Mll6McjihX/hm2D/nHHEBLX0rTIYh49Nw==\n" \
    "-----END DSA PRIVATE KEY-----\n"

#define UNIT_DSA_KEY_PKCS8 \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIIBWwIBADCCATMGByqGSM44BAEwggEmAoGBAI5IgD32CMfhUmTt+DXdQgflcjag\n" \
    "fvamu3G159+PFLQA0zgmxAJXYeg1RJCsfVCX8wpWVZQOb16D80bBrGbLBgw3dqNe\n" \
    "5YY/HMNyM860HyOuBElI74nDenK3nQR97wAnA0f7CIVOwggqU9FcYeyLXyK2WL4e\n" \
    "2PDYakJTXHDPBqtFAh0A7xOlQJpXdn5x/pZBtvKssFK8X90w8M5GUDHhywKBgEsp\n" \
    "U2y4zjb/RkjQg86n3qfBAbUmDEdyiFg0yQ3IhA4UduHdAaiKhXJPlH7Ip7MUnhEp\n" \
    "q3TCUhvjTw5fFpOaspGITJcjcUZw0VIGaahrAL8XVKVhjs1Z91y3uaKW+hIWyEDP\n" \
    "Op7Na4JvkTpx4C+5/tXfaLGvMLyYF2QlKz4laqazBB8CHQCy6aT8yWXoxyOKFf+G\n" \
    "bYP+cccQEtfStMhiHj03\n" \
    "-----END PRIVATE KEY-----\n"

#define UNIT_X25519_KEY \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MC4CAQAwBQYDK2VuBCIEIGirMHELROa5QqMa9KKQDpHLD4ZXaV/r1G4BM+W0DoZt\n" \
    "-----END PRIVATE KEY-----\n"

/* a CA of the year 2000 */

#define UNIT_EXPIRED_PEM \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBRDCB66ADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB0V4cGlyZWQw\n" \
    "HhcNMDAwMTAxMDAwMDAwWhcNMDEwMTAxMDAwMDAwWjASMRAwDgYDVQQDDAdFeHBp\n" \
    "cmVkMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEATKGgVQQ3T0HG4tATgvOBGeu\n" \
    "92+q6AG1XajYSmMqBdxggZpzBhVwdRnBhQtrpkPhqHUIZngN/N4w1Tge5lUWL6My\n" \
    "MDAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUWBjymA758DOduDekPx//8Bpi\n" \
    "r+IwCgYIKoZIzj0EAwIDSAAwRQIhAJfmRwJyAHNyoyW773Fur8swPYn7uOpe+e+o\n" \
    "L2vAeSsbAiAdoOLZCzYGecUfquLNFdpPacpsZh4/w3mKxDdKaNSsrQ==\n" \
    "-----END CERTIFICATE-----\n"

/* SEC 1 */

#define UNIT_EXPIRED_KEY \
    "-----BEGIN EC PRIVATE KEY-----\n" \
    "MHcCAQEEIDgbdVbT3pmnjShrdp8NIngEP0s2IHEydq+n/PlOT5AXoAoGCCqGSM49\n" \
    "AwEHoUQDQgAEATKGgVQQ3T0HG4tATgvOBGeu92+q6AG1XajYSmMqBdxggZpzBhVw\n" \
    "dRnBhQtrpkPhqHUIZngN/N4w1Tge5lUWLw==\n" \
    "-----END EC PRIVATE KEY-----\n"

/* clang-format on */


#endif /* _CREDHUB_UNIT_CERTIFICATES_H_INCLUDED_ */
