using System.Buffers;
using SixLabors.ImageSharp.Memory;

namespace Gsasr.Imaging;

/// <summary>
/// The pieces of memory in which the library's decoder of lossless WebP keeps pixels. In one of them each block of the picture has the
/// number of the group of prefix codes that it uses. Before the decoder reads the first group, it allocates tables for all groups up to the
/// largest number, 25 to 50 KB for each of up to 65,536. Here that number is checked before.
/// </summary>
/// <param name="working">What the memory comes from.</param>
/// <param name="fileBytes">The length of the file.</param>
internal sealed class WebPWords(MemoryAllocator working, long fileBytes)
{
    // A group is five prefix codes, and the shortest description of one has 4 bits. No known encoder makes more than 2600 groups.
    private const int LeastBitsOfGroup = 20;
    private const int MaximumGroups = 4096;

    private bool _hasPicture;
    private Words? _unread;

    /// <summary>Memory for a number of pixels.</summary>
    public IMemoryOwner<uint> Allocate(int length, AllocationOptions options)
    {
        var words = new Words(this, working.Allocate<uint>(length, options));
        // The first piece is the picture itself.
        _unread = _hasPicture ? words : null;
        _hasPicture = true;
        return words;
    }

    private void CheckGroups(ReadOnlySpan<uint> blocks)
    {
        uint groups = 0;
        foreach (uint block in blocks)
            groups = Math.Max(groups, (block >> 8 & 0xFFFF) + 1);
        if (groups > Math.Min(Math.Min(MaximumGroups, blocks.Length), 8 * fileBytes / LeastBitsOfGroup))
        {
            throw new ImageFormatException(
                $"WebP: {blocks.Length} blocks of pixels name {groups} groups of prefix codes in a file of {fileBytes} bytes: it is damaged.");
        }
    }

    private sealed class Words(WebPWords all, IMemoryOwner<uint> words) : IMemoryOwner<uint>
    {
        private bool _isFilled;

        // The decoder fetches a piece to fill it. Only the piece with the numbers of groups is fetched again before any other piece.
        public Memory<uint> Memory
        {
            get
            {
                bool isUnread = all._unread == this;
                if (isUnread && _isFilled)
                    all.CheckGroups(words.Memory.Span);
                if (!isUnread || _isFilled)
                    all._unread = null;
                _isFilled = true;
                return words.Memory;
            }
        }

        public void Dispose() => words.Dispose();
    }
}
