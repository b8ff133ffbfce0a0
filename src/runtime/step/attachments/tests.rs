use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use mockito::{Server, ServerGuard};

use super::super::platform::tests::quick;
use super::super::settings::ApiAccess;
use super::super::storage::tests::storage;
use super::*;

/// A file of several pieces, which no two of are alike.
fn file() -> (File, Vec<u8>) {
    let text: Vec<u8> = (0..50_000).flat_map(|it: u32| it.to_be_bytes()).collect();
    assert!(text.len() > 3 * PIECE && !text.len().is_multiple_of(PIECE));
    let mut file = tempfile::tempfile().unwrap();
    // The file is put from its start, wherever it was left.
    file.write_all(&text).unwrap();
    (file, text)
}

fn platform(server: &ServerGuard) -> Attachments {
    let http = Http::new().unwrap();
    let (uri, username) = (server.url(), "user".to_owned());
    let api = ApiAccess { uri, username, key: "canary-key".into() };
    Attachments::Platform(http.clone(), Platform::new(http, &api, quick(1)).unwrap())
}

#[tokio::test]
async fn a_file_goes_into_the_storage_as_it_is_and_again_after_a_failure() {
    let mut server = Server::new_async().await;
    let (file, text) = file();
    let (whole, count) = (text.clone(), AtomicUsize::new(0));
    let mock = server
        .mock("POST", "/store/objects")
        .match_header("authorization", "Bearer canary-token")
        .match_header("content-type", "application/zip")
        .match_header("content-length", text.len().to_string().as_str())
        .match_request(move |it| *it.body().unwrap() == whole)
        .with_status_code_from_request(move |_| [503, 200][count.fetch_add(1, Ordering::SeqCst)])
        .with_body("{\"objectId\":\"o1\"}")
        .expect(2)
        .create_async()
        .await;
    let attachments = Attachments::Storage(Http::new().unwrap(), storage(&server, None));
    let put = attachments.put("report.zip", "application/zip", file).await.unwrap();
    mock.assert_async().await;
    let url = format!("{}/store/objects/o1?storage_type=maester", server.url());
    let size = text.len().to_string();
    assert_eq!(put, json!({"content-type": "application/zip", "size": size, "url": url}));
}

#[tokio::test]
async fn without_a_storage_a_file_goes_where_the_platform_says() {
    let mut server = Server::new_async().await;
    let (file, text) = file();
    let place = json!({
        "put_url": format!("{}/put?signature=canary", server.url()),
        "get_url": format!("{}/get", server.url()),
        "expires": 18_000,
    });
    let ask = server
        .mock("POST", "/v2/resources/storage/signed-url")
        .match_header("authorization", "Basic dXNlcjpjYW5hcnkta2V5")
        .with_body(place.to_string())
        .create_async()
        .await;
    let put = server
        .mock("PUT", "/put?signature=canary")
        .match_header("content-length", text.len().to_string().as_str())
        .match_request(move |it| !it.has_header("authorization") && *it.body().unwrap() == text)
        .create_async()
        .await;
    let named = platform(&server).put("report.zip", "text/csv", file).await.unwrap();
    ask.assert_async().await;
    put.assert_async().await;
    assert_eq!(named["url"], place["get_url"]);
}

#[tokio::test]
async fn a_file_that_is_not_taken_is_told_without_the_place() {
    let mut server = Server::new_async().await;
    let place =
        json!({ "put_url": format!("{}/put?canary=1", server.url()), "get_url": "http://x" });
    let ask = server.mock("POST", "/v2/resources/storage/signed-url").with_body(place.to_string());
    ask.create_async().await;
    let reflecting = server.mock("PUT", "/put?canary=1").with_status(403);
    reflecting.with_body("Signature of canary=1 expired").create_async().await;
    let attachments = platform(&server);
    let error = attachments.put("report.zip", "text/csv", file().0).await.unwrap_err();
    let said = "the platform does not take the attachment report.zip: the answer was HTTP 403: \
                Signature of *** expired";
    assert_eq!(error.what, said);
}

#[tokio::test]
async fn a_platform_that_names_no_place_is_an_error() {
    let mut server = Server::new_async().await;
    let ask = server.mock("POST", "/v2/resources/storage/signed-url").with_body("{\"put_url\":1}");
    ask.create_async().await;
    let error = platform(&server).put("a", "text/csv", file().0).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unusable);
}
