# A server of TLS services, good, weak and none; all of OpenSSL, which is there anyway.
folder=/etc/ssl/lab
install -d -m 700 "$folder"
cd "$folder"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 3650 \
    -subj '/O=Lab/CN=Lab CA'
printf 'subjectAltName=DNS:good.lab.test,IP:192.0.2.1\n' >names
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout good.key -out good.csr -subj /CN=good.lab.test
openssl x509 -req -in good.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3000 -extfile names -out good.pem
openssl req -newkey rsa:1024 -nodes -keyout weak.key -out weak.csr -subj /CN=weak.lab.test
openssl x509 -req -sha1 -in weak.csr -CA ca.pem -CAkey ca.key -days 3 -out weak.pem
openssl req -x509 -newkey rsa:2048 -nodes -keyout own.key -out own.pem -days 3000 -subj /CN=own.lab.test

unit() { # NAME KEY OPTIONS: a service that speaks TLS on all addresses
    printf '%s\n' '[Service]' "WorkingDirectory=$folder" "ExecStart=openssl s_server -www -key $2.key -cert $2.pem $3" \
        'Restart=on-failure' '[Install]' 'WantedBy=multi-user.target' >"/etc/systemd/system/tls-$1.service"
    systemctl enable "tls-$1.service"
}
unit good good '-accept 443 -min_protocol TLSv1.2'
unit weak weak '-accept 8443 -min_protocol TLSv1 -cipher ALL:@SECLEVEL=0'
# As OpenSSL 3 is without any setting: old versions are on, and break off when it is to sign.
unit own own '-accept 9443 -min_protocol TLSv1'
unit mutual own '-accept 5061 -tls1_2 -Verify 1'
unit local weak '-accept 127.0.0.1:4443 -min_protocol TLSv1 -cipher ALL:@SECLEVEL=0'

# Nobody ever takes the connection: one where TLS is to be expected, one where it is not.
for port in 993 9000; do
    printf '%s\n' '[Socket]' "ListenStream=0.0.0.0:$port" '[Install]' 'WantedBy=sockets.target' \
        >"/etc/systemd/system/silent-$port.socket"
    printf '%s\n' '[Service]' 'ExecStart=sleep infinity' >"/etc/systemd/system/silent-$port.service"
    systemctl enable "silent-$port.socket"
done
