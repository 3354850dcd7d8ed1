//! `GET /docs`, its files, and the way from a problem's `type` to its entry

use std::io::Read;

use blackbox::{Draft, Reply, World, send};
use flate2::read::GzDecoder;
use http_edge::Kind;
use reqwest::Method;

async fn visit(path: &str) -> Reply {
    let api = World::shared().organisation(Draft::new()).await;
    send(api.anonymous(Method::GET, path)).await
}

/// What stands in the page between these two, each time.
fn between<'p>(page: &'p str, before: &str, after: &str) -> Vec<&'p str> {
    page.split(before).skip(1).filter_map(|rest| rest.split_once(after)).map(|(found, _)| found).collect()
}

#[tokio::test]
async fn the_page_has_an_entry_for_every_problem_and_lets_nothing_foreign_in() {
    let page = visit("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for kind in Kind::ALL {
        assert!(page.text.contains(&format!("id=\"{}\"", kind.id())), "{kind:?}");
    }
    let policy = page.header("content-security-policy").unwrap();
    for rule in ["default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    for attribute in ["src=\"", "<link rel=\"stylesheet\" href=\""] {
        assert!(between(&page.text, attribute, "\"").iter().all(|path| path.starts_with("/docs/")), "{attribute}");
    }
}

#[tokio::test]
async fn every_link_of_the_page_leads_somewhere() {
    let page = visit("/docs").await;
    let mut links = between(&page.text, "href=\"", "\"");
    links.extend(between(&page.text, "src=\"", "\""));
    assert!(links.len() > 20, "{links:?}");
    for link in links.into_iter().filter(|link| !link.starts_with("data:")) {
        if let Some(anchor) = link.strip_prefix('#') {
            assert_eq!(page.text.matches(&format!("id=\"{anchor}\"")).count(), 1, "{anchor}");
        } else {
            assert_eq!(visit(link).await.status, 200, "{link}");
        }
    }
}

#[tokio::test]
async fn the_viewer_loads_with_the_right_types_and_is_kept_by_caches() {
    let api = World::shared().organisation(Draft::new()).await;
    for (name, media_type, gzipped, contains) in [
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8", true, "SwaggerUIBundle"),
        ("swagger-ui.css", "text/css; charset=utf-8", true, ".swagger-ui"),
        ("page.js", "text/javascript; charset=utf-8", false, "SwaggerUIBundle"),
        ("page.css", "text/css; charset=utf-8", false, ".problem"),
    ] {
        let get = || api.anonymous(Method::GET, &format!("/docs/{name}"));
        let answer = get().send().await.unwrap();
        assert_eq!(answer.status(), 200, "{name}");
        assert_eq!(answer.headers()["content-type"], media_type, "{name}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{name}");
        assert!(answer.headers()["cache-control"].to_str().unwrap().starts_with("public"), "{name}");
        let encoding = answer.headers().get("content-encoding").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(encoding.as_deref(), gzipped.then_some("gzip"), "{name}");
        let etag = answer.headers()["etag"].clone();
        let bytes = answer.bytes().await.unwrap();
        let mut text = String::new();
        if gzipped {
            GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        } else {
            text = String::from_utf8(bytes.to_vec()).unwrap();
        }
        assert!(text.contains(contains), "{name}");
        let again = send(get().header("if-none-match", etag)).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{name}");
    }
    let absent = visit("/docs/no-such-file.js").await;
    assert_eq!((absent.status, absent.problem()), (404, "not-found"));
}

#[tokio::test]
async fn the_type_of_every_problem_leads_to_its_entry() {
    for kind in Kind::ALL {
        let path = kind.uri().replace("https://api.novatrade24.com", "");
        let reply = visit(&path).await;
        assert_eq!((reply.status, reply.header("location")), (302, Some(&*format!("/docs#{}", kind.id()))), "{kind:?}");
    }
    let unknown = visit("/problems/no-such-problem").await;
    assert_eq!((unknown.status, unknown.problem()), (404, "not-found"));
}
