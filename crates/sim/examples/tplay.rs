//! t
use blackstart_sim::play::play;
use blackstart_sim::scenario::read;
fn main() {
    for name in std::env::args().skip(1) {
        let folder = std::path::Path::new("scenarios").join(&name);
        let text = std::fs::read_to_string(folder.join("scenario.yaml")).unwrap();
        let scenario = read(&text, |file| std::fs::read_to_string(folder.join(file)).ok()).unwrap();
        let t = std::time::Instant::now();
        let played = play(&scenario);
        println!("=== {name} {:?} missed {}", t.elapsed(), played.missed.len());
        for m in &played.missed {
            println!("   MISSED {m}");
        }
    }
}
